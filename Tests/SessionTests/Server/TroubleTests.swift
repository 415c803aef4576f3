import Foundation
import TestKit
import Testing

/// What becomes of the history when the disk is full or the database is damaged.
@Suite("The history in trouble", .serialized, .timeLimit(.minutes(2)))
struct TroubleTests {
  @Test(
    "on a full disk rooms are made and entered again, and the next server uses no number twice")
  func unkeptNumbers() throws {
    let data = try TestFolder()
    let first = try TestServer("--log-level", "info", data: data)
    let alice = Witness(first)
    try alice.connect(as: "alice")
    for number in 0..<300 {
      try alice.say("kept \(number)")
      while try alice.receive() != "alice: kept \(number)" {}
    }
    // Less than the history has already, but enough for a room's memory, which counts as a file too.
    try Self.limitFiles(of: first, to: "300000")
    for number in 0..<5 { try alice.say("\(number)") }
    while try alice.receive() != "alice: 4" {}
    let bob = try first.join("bob")
    try bob.send("[NEWROOM]:\n")
    var code = ""
    while let line = try bob.line() {
      if line.hasPrefix("You are in ") {
        code = String(line.dropFirst(11))
        break
      }
    }
    try bob.send("[ROOM]:lobby\n[ROOM]:\(code)\n")
    while let line = try bob.line(), line != "You are in \(code)" {
      #expect(!line.hasPrefix("[ERROR]"), "\(line)")
    }
    try Self.limitFiles(of: first, to: "unlimited")
    let last = alice.last
    first.program.signal(SIGTERM)
    #expect(try first.program.exitCode() == 0)
    let second = try TestServer(data: data)
    let carol = Witness(second)
    try carol.connect(as: "carol")
    #expect(carol.last > last)
  }

  @Test("damaged while it runs: a new one begins, numbers go on, and no room reads another's lines")
  func damagedWhileRunning() throws {
    let server = try TestServer("--rate", "0", "--log-level", "info")
    let alice = try server.join("alice")
    let bob = try server.connect()
    try bob.send("[ROOM]:#b\nbob\n")
    for line in ["NICK", "bob joined!", "Connected to server!"] { try bob.expect(line) }
    for number in 0..<3_000 { try alice.send("alice's \(number), which fills some pages\n") }
    while let line = try alice.line(), line != "alice: alice's 2999, which fills some pages" {}
    let path = server.data.path + "/history.db"
    // What was written lies in the log, which is left alone here: it is emptied first.
    let sqlite = try Program("sqlite3", [path, "PRAGMA wal_checkpoint(TRUNCATE)"])
    #expect(try sqlite.exitCode() == 0, "\(sqlite.errors)")
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    let size = try file.seekToEnd()
    try file.seek(toOffset: 4_096)
    try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4_096))
    try file.close()
    try alice.send("[HISTORY]:1000\n")
    // Whoever speaks first in the new file gets the number that another room had.
    try eventually("the damage is found") {
      try bob.send("bob's secret\n[HISTORY]:1000\n")
      while let line = try bob.line(), line != "[PAST]:\tend=1" {
        #expect(!line.contains("alice's"), "\(line)")
      }
      return server.program.errors.contains("and a new one begins")
    }
    try alice.send("[SEARCH]:secret\n[HISTORY]:1000\n[ROOM]:#b\n")
    while let line = try alice.line(), line != "You are in #b" {
      #expect(!line.contains("secret"), "\(line)")
    }
    let carol = Witness(server)
    try carol.connect(as: "carol")
    #expect(carol.last > 3_000)
  }

  @Test("a damaged history is set aside, and the server starts", arguments: ["start", "middle"])
  func damaged(_ place: String) throws {
    let data = try TestFolder()
    do {
      let server = try TestServer("--rate", "0", data: data)
      let alice = try server.join("alice")
      for number in 0..<2_000 { try alice.send("line \(number) of some length to fill pages\n") }
      try alice.send("[PING]:x\n")
      while try alice.line() != "[PONG]:x" {}
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
    }
    let file = URL(fileURLWithPath: data.path).appendingPathComponent("history.db")
    var bytes = try Data(contentsOf: file)
    #expect(bytes.count > 40_000)
    let range = place == "start" ? 0..<4_096 : 4_096..<bytes.count
    for index in range { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
    try bytes.write(to: file)
    // SQLite's log, if it is still there, would mend the file.
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: file.path + suffix)
    }
    let server = try TestServer(data: data)
    let alice = try server.join("alice")
    for number in 0..<100 { try alice.send("new \(number)\n") }
    while let line = try alice.line(), line != "alice: new 99" {}
    try alice.send("[HISTORY]:3\n")
    var past: [String] = []
    while let line = try alice.line(), line != "[PAST]:\tend=1" {
      if line.hasPrefix("[PAST]:") {
        past.append(String(line.split(separator: "\t")[0].dropFirst("[PAST]:".count)))
      }
    }
    #expect(past.suffix(3) == ["alice: new 97", "alice: new 98", "alice: new 99"])
    #expect(server.program.errors.contains("error: the history"))
    let names = try FileManager.default.contentsOfDirectory(atPath: data.path)
    #expect(names.contains { $0.hasPrefix("history.damaged") }, "\(names)")
  }

  // MARK: Helpers

  static func limitFiles(of server: TestServer, to size: String) throws {
    let program = try Program(
      "prlimit", ["--pid", "\(server.program.pid)", "--fsize=\(size):unlimited"])
    guard try program.exitCode() == 0 else { throw Failure("prlimit: \(program.errors)") }
  }
}
