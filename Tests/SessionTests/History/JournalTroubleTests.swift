import Foundation
import TestKit
import Testing

/// Somebody shortens, removes, replaces or damages the journal.
@Suite("The journal in trouble", .serialized, .timeLimit(.minutes(3)))
struct JournalTroubleTests {
  private static let flags = ["--rate", "0", "--log-level", "warning"] + JournalFlags.small

  /// Runs a command in a data folder.
  private static func run(_ script: String, in data: TestFolder) throws {
    let shell = try Program("sh", ["-c", "cd \"$0\" && \(script)", data.path])
    guard try shell.exitCode() == 0 else { throw Failure("\(script): \(shell.errors)") }
  }

  private static func texts(_ name: String, _ count: Int = 200) -> [String] {
    (0..<count).map { "\(name) \($0) \(String(repeating: "x", count: 200))" }
  }

  private static func end(_ server: TestServer) throws {
    server.program.signal(SIGKILL)
    #expect(try server.program.exitCode() == -SIGKILL)
  }

  private static func setAside(_ data: TestFolder) -> [String] {
    data.names.filter { $0.hasPrefix("journal.damaged-") }
  }

  // MARK: While the server runs

  @Test(
    "removed or replaced while the server runs: it says so, and nothing is lost",
    arguments: [
      "rm journal", "mv journal journal.old", "cp journal new && mv new journal",
      "mv journal journal.old && mkdir journal",
      "mv journal journal.old && ln -s /dev/null journal",
    ])
  func removed(_ script: String) throws {
    try Self.lose(script, isWhole: true)
  }

  @Test(
    "shortened while the server runs: it says so, what was archived is there, and later lines are kept",
    arguments: [
      "truncate -s 0 journal", "truncate -s 4096 journal", "truncate -s 100000 journal",
      "truncate -s 0 journal && truncate -s 1052672 journal", ": > journal", "echo hello > journal",
    ])
  func shortened(_ script: String) throws {
    try Self.lose(script, isWhole: false)
  }

  /// Does something to the journal that the server notices.
  private static func lose(_ script: String, isWhole: Bool) throws {
    let data = try TestFolder()
    let ledger = Ledger()
    var before: [KeptLine] = []
    do {
      let server = try TestServer(arguments: flags, data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      let bob = try Walker(server, as: "bob", room: "#b", ledger: ledger)
      try alice.talk(texts("before"))
      before = try alice.askForAll()
      #expect(before.count == 201)
      try run(script, in: data)
      var number = 0
      try eventually("it is noticed") {
        try alice.talk(["meanwhile \(number)"])
        try bob.talk(["meanwhile \(number)"])
        number += 1
        return server.program.errors.contains("the journal")
      }
      try alice.talk(texts("afterwards", 3_000))
      try alice.talk(["the end"])
      try bob.talk(["the end"])
      try end(server)
    }
    let server = try TestServer(arguments: flags, data: data)
    for room in ["lobby", "#b"] {
      let carol = try Walker(server, as: "carol", room: room, ledger: ledger)
      let all = try carol.askForAll()
      #expect(ledger.compare(all, with: room, isWhole: isWhole) == [])
      if room == "lobby" {
        #expect(all.starts(with: before))
        let afterwards = Set(texts("afterwards", 3_000).map { "alice: \($0)" })
        #expect(afterwards.subtracting(all.map(\.text)).isEmpty)
      }
      #expect(all.suffix(2).map(\.text).last == "carol joined!")
      #expect(all.suffix(4).contains { $0.text.hasSuffix(": the end") })
      try carol.leave()
    }
    #expect(ledger.problems == [])
  }

  @Test(
    "damaged while the server runs and all of it is archived: nothing is lost",
    arguments: ["count=1", "count=256 seek=1", "count=257", "count=1 seek=2"])
  func damaged(_ place: String) throws {
    let data = try TestFolder()
    let ledger = Ledger()
    do {
      let server = try TestServer(arguments: Self.flags, data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      try alice.talk(Self.texts("before"))
      #expect(try alice.askForAll().count == 201)
      try Self.run("dd if=/dev/urandom of=journal bs=4096 \(place) conv=notrunc", in: data)
      // It begins anew several times.
      for number in 0..<3 { try alice.talk(Self.texts("afterwards \(number)", 3_000)) }
      #expect(ledger.compare(try alice.askForAll(), with: "lobby") == [])
      try Self.end(server)
    }
    let server = try TestServer(arguments: Self.flags, data: data)
    let bob = try Walker(server, as: "bob", ledger: ledger)
    try bob.talk(["hello"])
    #expect(ledger.compare(try bob.askForAll(), with: "lobby") == [])
    #expect(ledger.problems == [])
  }

  @Test("damaged while the server runs and some of it is not archived: it says so, and goes on")
  func damagedBeforeArchived() throws {
    let data = try TestFolder()
    let ledger = Ledger()
    var before: [KeptLine] = []
    do {
      let server = try TestServer(arguments: Self.flags, data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      try alice.talk(Self.texts("before"))
      before = try alice.askForAll()
      let lock = try HistoryLock(data)
      try alice.talk(Self.texts("locked"))
      try Self.run("dd if=/dev/urandom of=journal bs=4096 count=257 conv=notrunc", in: data)
      try alice.talk(Self.texts("still locked"))
      try lock.release()
      var number = 0
      try eventually("it is noticed") {
        try alice.talk(["meanwhile \(number)"])
        number += 1
        return server.program.errors.contains("the journal")
      }
      try alice.talk(Self.texts("afterwards"))
      let all = try alice.askForAll()
      #expect(ledger.compare(all, with: "lobby", isWhole: false) == [])
      #expect(all.starts(with: before))
      let afterwards = Set(Self.texts("afterwards").map { "alice: \($0)" })
      #expect(afterwards.subtracting(all.map(\.text)).isEmpty)
      try Self.end(server)
    }
    let server = try TestServer(arguments: Self.flags, data: data)
    let bob = try Walker(server, as: "bob", ledger: ledger)
    let all = try bob.askForAll()
    #expect(ledger.compare(all, with: "lobby", isWhole: false) == [])
    #expect(all.starts(with: before))
    #expect(all.last?.text == "bob joined!")
  }

  @Test("removed while it can't be made again: everyone is told, and later that it is kept again")
  func removedForAWhile() throws {
    let data = try TestFolder()
    let ledger = Ledger()
    var all: [KeptLine] = []
    do {
      let server = try TestServer(arguments: Self.flags, data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      try alice.talk(Self.texts("before"))
      let before = try alice.askForAll()
      // Until nothing looks after the journal any more: it does for a second after the last append.
      Thread.sleep(forTimeInterval: 2)
      // Nothing can be made under this name.
      try Self.run("mkdir -p journal.new/taken && rm journal", in: data)
      try eventually("the history has stopped") {
        server.program.errors.contains("the history has stopped")
      }
      try Self.run("rm -r journal.new", in: data)
      try eventually("the history is kept again", within: .seconds(20)) {
        server.program.errors.contains("the history is kept again")
      }
      try alice.talk(["meanwhile"])
      #expect(alice.notices.first == "The history has stopped: what is said now is not kept.")
      #expect(alice.notices.last == "The history is kept again.")
      try alice.talk(Self.texts("afterwards"))
      all = try alice.askForAll()
      #expect(all.starts(with: before))
      #expect(all.suffix(200).map(\.text) == Self.texts("afterwards").map { "alice: \($0)" })
      try Self.end(server)
    }
    let server = try TestServer(arguments: Self.flags, data: data)
    let bob = try Walker(server, as: "bob", ledger: Ledger())
    #expect(try bob.askForAll().starts(with: all))
  }

  @Test("the server ends while the history has stopped: the numbers go on, and no journal is left")
  func endedMeanwhile() throws {
    let data = try TestFolder()
    var last: UInt64 = 0
    do {
      let server = try TestServer(arguments: Self.flags, data: data)
      let alice = try Walker(server, as: "alice", ledger: Ledger())
      try alice.talk(Self.texts("before"))
      try Self.run("mkdir -p journal.new/taken && rm journal", in: data)
      try eventually("the history has stopped") {
        server.program.errors.contains("the history has stopped")
      }
      try alice.talk(["not kept"])
      last = alice.last
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
      #expect(!server.program.errors.contains("used again"), "\(server.program.errors)")
      #expect(!server.program.errors.contains("the next start"), "\(server.program.errors)")
    }
    #expect(!data.names.contains("journal"))
    try Self.run("rm -r journal.new", in: data)
    let server = try TestServer(arguments: Self.flags, data: data)
    let bob = try Walker(server, as: "bob", ledger: Ledger())
    #expect(bob.last > last)
    let all = try bob.askForAll().map(\.text)
    // What is said right after everyone was told may be kept, or not.
    let before = all.filter { $0.hasPrefix("alice: before") }
    #expect(before == Self.texts("before").map { "alice: \($0)" })
  }

  @Test("the database is removed, and can't be made again at first: everything is there in the end")
  func databaseRemoved() throws {
    let disk = try #require(try ScarceDisk(.limited, bytes: 0))
    let ledger = Ledger()
    var all: [KeptLine] = []
    do {
      let server = try TestServer(arguments: Self.flags, data: disk.folder)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      try alice.talk(Self.texts("before"))
      all = try alice.askForAll()
      try disk.fill(for: server)
      try Self.run("rm history.db*", in: disk.folder)
      var number = 0
      // Where no file can grow, that of the server's log can't either.
      try eventually("it is noticed") {
        try alice.talk(["meanwhile \(number)"])
        number += 1
        return !alice.notices.isEmpty
      }
      try disk.free(for: server)
      try alice.talk(["afterwards"])
      #expect(try alice.askForAll().starts(with: all))
      try alice.talk(["the end"])
      #expect(
        alice.notices == ["The history was lost: a new one begins, with what was said last."])
      try Self.end(server)
    }
    let server = try TestServer(arguments: Self.flags, data: disk.folder)
    let bob = try Walker(server, as: "bob", ledger: ledger)
    #expect(ledger.compare(try bob.askForAll(), with: "lobby") == [])
    #expect(ledger.problems == [])
  }

  // MARK: Between two runs

  /// Has a server killed that has lines in its journal that the database lacks.
  ///
  /// - Returns: what was archived.
  private static func leaveUnarchived(_ data: TestFolder) throws -> [KeptLine] {
    let server = try TestServer(arguments: flags, data: data)
    let alice = try Walker(server, as: "alice", ledger: Ledger())
    try alice.talk(texts("before"))
    let before = try alice.askForAll()
    let lock = try HistoryLock(data)
    // Each is a record of its own.
    for text in texts("locked", 60) { try alice.talk([text]) }
    try end(server)
    try lock.release()
    return before
  }

  /// Starts a server, which has all that was archived, and keeps what is said.
  ///
  /// - Returns: the texts of what it has.
  private static func resume(_ data: TestFolder, _ before: [KeptLine], log: String?) throws
    -> [String]
  {
    var all: [KeptLine] = []
    do {
      let server = try TestServer(arguments: flags, data: data)
      let bob = try Walker(server, as: "bob", ledger: Ledger())
      try bob.talk(texts("afterwards"))
      all = try bob.askForAll()
      #expect(all.starts(with: before))
      #expect(all.suffix(200).map(\.text) == texts("afterwards").map { "bob: \($0)" })
      if let log { #expect(server.program.errors.contains(log), "\(server.program.errors)") }
      try end(server)
    }
    let server = try TestServer(arguments: flags, data: data)
    let carol = try Walker(server, as: "carol", ledger: Ledger())
    let again = try carol.askForAll()
    #expect(again.starts(with: all))
    #expect(Ledger().compare(again, with: "lobby", isWhole: false) == [])
    return all.map(\.text)
  }

  @Test(
    "damaged, shortened or of another version when the server starts: it is set aside, and the server starts",
    arguments: [
      "dd if=/dev/urandom of=journal bs=4096 count=1 conv=notrunc",
      "dd if=/dev/urandom of=journal bs=4096 count=257 conv=notrunc",
      "printf '\\377' | dd of=journal bs=1 seek=8 conv=notrunc", "truncate -s 0 journal",
      "truncate -s 100000 journal", "truncate -s 4096 journal", "echo hello > journal",
      "truncate -s 524288 journal", "truncate -s 2097152 journal",
      "rm journal && mkdir journal",
    ])
  func setAside(_ script: String) throws {
    let data = try TestFolder()
    let before = try Self.leaveUnarchived(data)
    try Self.run(script, in: data)
    _ = try Self.resume(data, before, log: "journal")
    #expect(Self.setAside(data).count == 1, "\(data.names)")
  }

  @Test("removed when the server starts: the server starts")
  func removedBetween() throws {
    let data = try TestFolder()
    let before = try Self.leaveUnarchived(data)
    try Self.run("rm journal", in: data)
    _ = try Self.resume(data, before, log: nil)
  }

  @Test("one record damaged when the server starts: what is before it is put in, and it says so")
  func torn() throws {
    let data = try TestFolder()
    let before = try Self.leaveUnarchived(data)
    let file = URL(fileURLWithPath: "\(data.path)/journal")
    var bytes = try Data(contentsOf: file)
    let place = try #require(bytes.range(of: Data("locked 30 ".utf8)))
    bytes[place.lowerBound] ^= 1
    try bytes.write(to: file)
    let all = try Self.resume(data, before, log: "journal")
    let locked = Self.texts("locked", 60).map { "alice: \($0)" }
    #expect(Array(all.dropFirst(before.count).prefix(30)) == Array(locked[..<30]))
    #expect(!all.contains(locked[30]))
  }

  @Test(
    "an older copy of the journal put in its place: what is archived stays, once",
    arguments: [false, true])
  func olderCopy(isOfEarlierRun: Bool) throws {
    let data = try TestFolder()
    let ledger = Ledger()
    var server = try TestServer(arguments: Self.flags, data: data)
    var alice = try Walker(server, as: "alice", ledger: ledger)
    try alice.talk(Self.texts("before"))
    try Self.run("cp journal older", in: data)
    if isOfEarlierRun {
      try Self.end(server)
      server = try TestServer(arguments: Self.flags, data: data)
      alice = try Walker(server, as: "alice", ledger: ledger)
    }
    try alice.talk(Self.texts("later"))
    let before = try alice.askForAll()
    #expect(ledger.compare(before, with: "lobby") == [])
    try Self.end(server)
    try Self.run("mv older journal", in: data)
    let all = try Self.resume(data, before, log: nil)
    #expect(all[before.count] == "bob joined!")
  }

  @Test(
    "another server's journal put in its place: what is archived stays, and no number is used twice"
  )
  func foreign() throws {
    let (data, other) = (try TestFolder(), try TestFolder())
    let before = try Self.leaveUnarchived(data)
    do {
      let server = try TestServer(arguments: Self.flags, data: other)
      let lock = try HistoryLock(other)
      let mallory = try Walker(server, as: "mallory", ledger: Ledger())
      try mallory.talk(Self.texts("foreign", 500))
      try Self.end(server)
      try lock.release()
    }
    try Self.run("cp '\(other.path)/journal' journal", in: data)
    _ = try Self.resume(data, before, log: nil)
  }

  @Test(
    "an older copy of the database put in its place: the server starts, and no number is used twice"
  )
  func olderDatabase() throws {
    let data = try TestFolder()
    let before = try Self.leaveUnarchived(data)
    try Self.run("mkdir older && cp history.db* older", in: data)
    do {
      let server = try TestServer(arguments: Self.flags, data: data)
      let bob = try Walker(server, as: "bob", ledger: Ledger())
      // More than the journal holds.
      for number in 0..<3 { try bob.talk(Self.texts("later \(number)", 3_000)) }
      try Self.end(server)
    }
    try Self.run("rm history.db* && mv older/* .", in: data)
    _ = try Self.resume(data, before, log: nil)
  }
}
