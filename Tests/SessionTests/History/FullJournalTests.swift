import Foundation
import TestKit
import Testing

/// The disk is full for a while.
@Suite("The history and a full disk", .serialized, .timeLimit(.minutes(3)))
struct FullJournalTests {
  private static let stopped = "The history has stopped: what is said now is not kept."
  private static let again = "The history is kept again."
  private static let flags = ["--rate", "0", "--log-level", "warning"] + JournalFlags.small

  /// How many lines are said at once: the notice that the history has stopped comes with some of them, or right after.
  private static let pieceLines = 20

  private static func text(_ number: Int) -> String {
    "line \(number) \(String(repeating: "x", count: 480))"
  }

  private static func texts(_ piece: Int) -> [String] {
    (0..<pieceLines).map { text(piece * pieceLines + $0) }
  }

  /// Says the next lines. If nobody is told meanwhile that the history stops, or is kept again, those before are kept.
  private static func talk(_ walker: Walker, _ piece: inout Int, kept: inout Set<String>) throws {
    let notices = walker.notices
    try talk(walker, &piece)
    if piece > 1, walker.notices == notices {
      kept.formUnion(texts(piece - 2).map { "\(walker.nickname): \($0)" })
    }
  }

  private static func talk(_ walker: Walker, _ piece: inout Int) throws {
    try walker.talk(texts(piece))
    piece += 1
  }

  @Test(
    "the journal has space: nobody is told, and nothing is lost",
    arguments: ScarceDisk.Kind.allCases)
  func fits(_ kind: ScarceDisk.Kind) throws {
    guard let disk = try ScarceDisk(kind, bytes: 16_777_216) else { return }
    let ledger = Ledger()
    do {
      let server = try TestServer(arguments: Self.flags, data: disk.folder)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      let bob = try Walker(server, as: "bob", room: "#b", ledger: ledger)
      try alice.talk(["before"])
      try disk.fill(for: server)
      // Half a megabyte.
      for number in 0..<10 {
        try alice.talk((0..<50).map { Self.text(number * 50 + $0) })
        try bob.talk((0..<50).map { Self.text(number * 50 + $0) })
      }
      // A room's memory counts as a file of the server's, too.
      if kind == .mounted {
        try bob.go(to: "#new")
        try bob.talk(["there"])
      }
      try disk.free(for: server)
      try alice.talk(["after"])
      #expect(ledger.compare(try alice.askForAll(), with: "lobby") == [])
      try bob.go(to: "#b")
      #expect(ledger.compare(try bob.askForAll(), with: "#b") == [])
      #expect(alice.notices + bob.notices == [])
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
    }
    let server = try TestServer(arguments: Self.flags, data: disk.folder)
    try Self.compare(server, ledger, rooms: ledger.rooms)
  }

  @Test(
    "the journal is full too: all are told, the talk goes on, and what is kept is what was kept",
    arguments: ScarceDisk.Kind.allCases)
  func overflows(_ kind: ScarceDisk.Kind) throws {
    guard let disk = try ScarceDisk(kind, bytes: 16_777_216) else { return }
    let ledger = Ledger()
    var kept: Set<String> = []
    var last: UInt64 = 0
    do {
      let server = try TestServer(arguments: Self.flags, data: disk.folder)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      let bob = try Walker(server, as: "bob", ledger: ledger)
      let asker = try Walker(server, as: "asker", ledger: ledger)
      var piece = 0
      try Self.talk(alice, &piece, kept: &kept)
      let archived = try asker.askForAll()
      try disk.fill(for: server)
      while alice.notices.isEmpty { try Self.talk(alice, &piece, kept: &kept) }
      for _ in 0..<20 { try Self.talk(alice, &piece) }
      let unkept = "said while it has stopped"
      try alice.talk([unkept])
      let past = try asker.askForAll()
      #expect(past.starts(with: archived) && !past.contains { $0.text == "alice: \(unkept)" })
      try disk.free(for: server)
      try eventually("the history is kept again", within: .seconds(60)) {
        try Self.talk(alice, &piece)
        return alice.notices.last == Self.again
      }
      try Self.talk(alice, &piece)
      for _ in 0..<5 { try Self.talk(alice, &piece, kept: &kept) }
      try alice.talk(["the end"])
      kept.insert("alice: the end")
      while try bob.receive() != .line("alice: the end") {}
      #expect(bob.notices == alice.notices)
      #expect(Set(alice.notices) == [Self.stopped, Self.again])
      // Where no file can grow, that of the server's log can't either.
      if kind == .mounted { #expect(server.program.errors.contains("the history has stopped")) }
      #expect(server.program.errors.contains("the history is kept again"))
      last = alice.last
      let all = try alice.askForAll()
      #expect(ledger.compare(all, with: "lobby", isWhole: false) == [])
      #expect(all.last?.text == "alice: the end")
      #expect(kept.subtracting(all.map(\.text)) == [])
      #expect(all.count < Int(last), "the journal was never full")
      #expect(try KeptLine.exported(from: disk.folder, room: "lobby") == all)
      #expect(Self.gaps(all) <= alice.notices.count { $0 == Self.stopped })
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
    }
    let server = try TestServer(arguments: Self.flags, data: disk.folder)
    let carol = try Walker(server, as: "carol", ledger: ledger)
    #expect(carol.last > last)
    try carol.talk(["numbers go on"])
    let all = try carol.askForAll()
    #expect(ledger.compare(all, with: "lobby", isWhole: false) == [])
    #expect(kept.subtracting(all.map(\.text)) == [])
    #expect(all.last?.text == "carol: numbers go on")
    #expect(ledger.problems == [])
  }

  @Test(
    "killed while it has stopped: no number is used twice, and what was kept is there",
    arguments: ScarceDisk.Kind.allCases)
  func killedMeanwhile(_ kind: ScarceDisk.Kind) throws {
    guard let disk = try ScarceDisk(kind, bytes: 16_777_216) else { return }
    let ledger = Ledger()
    var kept: Set<String> = []
    do {
      let server = try TestServer(arguments: Self.flags, data: disk.folder)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      try disk.fill(for: server)
      var piece = 0
      while alice.notices.isEmpty { try Self.talk(alice, &piece, kept: &kept) }
      #expect(alice.notices == [Self.stopped])
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
      if kind == .mounted { try disk.free(for: server) }
    }
    let server = try TestServer(arguments: Self.flags, data: disk.folder)
    // What was not kept has numbers that the next lines may have: so this one has a ledger of its own.
    let bob = try Walker(server, as: "bob", ledger: Ledger())
    try bob.talk(["hello"])
    let all = try bob.askForAll()
    #expect(Ledger().compare(all, with: "lobby", isWhole: false) == [])
    #expect(kept.subtracting(all.map(\.text)) == [])
    let numbers = ledger.lines(of: "lobby")
    for line in all where line.text.hasPrefix("alice: ") {
      #expect(numbers[line.number] == line.text)
    }
    #expect(all.last?.text == "bob: hello")
  }

  // MARK: Helpers

  private static func compare(_ server: TestServer, _ ledger: Ledger, rooms: [String]) throws {
    for room in rooms {
      let kept = try KeptLine.exported(from: server.data, room: room)
      #expect(ledger.compare(kept ?? [], with: room) == [])
    }
    #expect(ledger.problems == [])
  }

  /// How often numbers are left out.
  private static func gaps(_ lines: [KeptLine]) -> Int {
    zip(lines, lines.dropFirst()).count { $0.number + 1 != $1.number }
  }
}
