import Foundation
import TestKit
import Testing

/// A private room's time is over: nothing that was said there is left.
@Suite("Private rooms that are over", .timeLimit(.minutes(2)))
struct ForgottenRoomTests {
  private static let secret = "unforgettable"

  @Test(
    "no file has any text of its lines, or the name of a file that was sent there",
    arguments: [false, true])
  func forgotten(isKilled: Bool) throws {
    let data = try TestFolder()
    let ledger = Ledger()
    // Long enough for the room to outlive the talk.
    let flags = ["--rate", "0", "--log-level", "warning", "--room-ttl", "3s"] + JournalFlags.small
    var server = try TestServer(arguments: flags, data: data)
    var alice = try Walker(server, as: "alice", ledger: ledger)
    try alice.talk(["public"])
    try alice.go(to: nil)
    let lock = isKilled ? try HistoryLock(data) : nil
    let code = alice.room
    for number in 0..<50 { try alice.talk(["\(Self.secret) \(number)"]) }
    try alice.upload(FileScript("1", "\(Self.secret).txt", size: 1_000))
    if isKilled {
      // Only the journal has it, and the next server puts it into the database.
      #expect(try Self.files(with: Self.secret, in: data).contains("journal"))
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
      try lock?.release()
      #expect(try KeptLine.exported(from: data, room: code)?.count == 52)
      server = try TestServer(arguments: flags, data: data)
      alice = try Walker(server, as: "alice", ledger: ledger)
    } else {
      try alice.go(to: "lobby")
    }
    try alice.talk(["public again"])
    try eventually("the room is gone", within: .seconds(60)) {
      try KeptLine.exported(from: data, room: code) == nil
    }
    // SQLite's log is written over as it is used again.
    try eventually("nothing is left, but for the database's log") {
      try Self.files(with: Self.secret, in: data).allSatisfy { $0.hasSuffix("-wal") }
    }
    #expect(try alice.askForAll().contains { $0.text == "alice: public again" })
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode() == 0)
    #expect(try Self.files(with: Self.secret, in: data) == [])
    #expect(try Self.files(with: "public again", in: data).contains("history.db"))
    #expect(ledger.problems == [])
  }

  /// The files in a folder, however deep, that have some text in them.
  private static func files(with text: String, in data: TestFolder) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: data.path)
    return names.filter { data.bytes(of: $0).end(of: Array(text.utf8)) != nil }.sorted()
  }
}
