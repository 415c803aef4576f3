import ChatSystem
import Foundation
import TestKit
import Testing

/// Another process has the database locked: the rooms don't notice.
@Suite("The history locked by another process", .serialized, .timeLimit(.minutes(3)))
struct LockedHistoryTests {
  /// How long it is locked; 30 for a long look at it.
  private static let seconds =
    Environment["CHAT_LOCKED_SECONDS"].flatMap { Double($0) } ?? (Environment.isSanitized ? 1 : 3)
  /// How many lines are said a second.
  private static let rate = Environment.isSanitized ? 500.0 : 5_000.0
  /// How long before the lock's end somebody asks for the past: the server refuses to answer after a while.
  private static let askedBefore = 3.0
  /// How long an answer may take that waits for the lock's end.
  private static let patience = seconds + 60

  private static func text(_ number: Int) -> String {
    "\(number) \(String(repeating: "x", count: 60))"
  }

  @Test(
    "nobody is told, nothing is missing, and who asks for the past has it once the lock has ended")
  func locked() throws {
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let ledger = Ledger()
    let cast = Cast(ledger)
    let alice = try Walker(server, as: "alice", ledger: ledger)
    let readers = try (0..<3).map { try Walker(server, as: "reader\($0)", ledger: ledger) }
    let isOver = Guarded(false)
    for reader in readers {
      cast.start(reader.nickname) {
        while try reader.receive(within: Self.patience) != .line("alice: the end") {}
      }
    }
    let asker = try Walker(server, as: "asker", ledger: ledger)
    try alice.talk(["before"])
    let lock = try HistoryLock(server.data)
    var answer: [KeptLine] = []
    var hasAsked = false
    var said = 0
    let start = MonotonicTime.now
    while true {
      let elapsed = (MonotonicTime.now - start) / .seconds(1)
      if elapsed >= Self.seconds { break }
      if !hasAsked, elapsed >= Self.seconds - Self.askedBefore {
        hasAsked = true
        // It waits, and is answered in the end: what the room has said so far.
        cast.start("asker") {
          answer = try asker.ask("[HISTORY]:1000", within: Self.patience)
          isOver.withLock { $0 = true }
          while try asker.receive(within: Self.patience) != .line("alice: the end") {}
        }
      }
      let due = max(Int(elapsed * Self.rate), said + 1)
      // Each piece is taken before the next is said.
      try alice.talk((said..<due).map(Self.text), within: Self.patience)
      said = due
      // The test has a rate: it says what is due by the clock.
      SystemThread.sleep(for: .milliseconds(5))
    }
    #expect(isOver.withLock { !$0 }, "it was answered although the database is locked")
    // Another room, entered and left meanwhile, is there as well.
    let bob = try Walker(server, as: "bob", room: "#b", ledger: ledger)
    try bob.talk(["hello"])
    try bob.go(to: "#c")
    try lock.release()
    let past = try alice.askForAll(within: Self.patience)
    #expect(past.last?.number == alice.last)
    #expect(ledger.compare(past, with: "lobby") == [])
    try alice.talk(["the end"], within: Self.patience)
    try cast.waitForAll(within: .seconds(Self.patience))
    let lines = ledger.lines(of: "lobby")
    #expect(!answer.isEmpty)
    for line in answer { #expect(lines[line.number] == line.text) }
    print("\(said) lines were said in \(Self.seconds) s")
    try bob.go(to: "#b")
    let earlier = try bob.askForAll().prefix(3).map(\.text)
    #expect(earlier == ["bob joined!", "bob: hello", "bob left!"])
    for walker in readers + [alice, asker, bob] { #expect(walker.notices == []) }
    #expect(ledger.problems == [])
    #expect(!server.program.errors.contains("has stopped"), "\(server.program.errors)")
    let kept = try KeptLine.exported(from: server.data, room: "lobby")
    #expect(ledger.compare(kept ?? [], with: "lobby") == [])
  }

  @Test(
    "rooms can be made, left and entered again meanwhile, whether or not they were there before")
  func rooms() throws {
    let data = try TestFolder()
    let ledger = Ledger()
    var codes: [String] = []
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      for number in 0..<2 {
        try alice.go(to: nil)
        codes.append(alice.room)
        try alice.talk(["first run \(number)"])
      }
      // Somebody is in the second one.
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
    }
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      let lock = try HistoryLock(data)
      try alice.talk(["it is locked"])
      try alice.go(to: nil)
      codes.append(alice.room)
      try alice.talk(["a new private room"])
      for room in codes + ["#new", "lobby", "#new"] + codes {
        try alice.go(to: room)
        try alice.talk(["once more \(alice.last)"])
      }
      let bob = try Walker(server, as: "bob", room: codes[2], ledger: ledger)
      try bob.talk(["so is bob"])
      #expect(alice.notices + bob.notices == [])
      try lock.release()
      #expect(ledger.compare(try bob.askForAll(), with: codes[2]) == [])
      server.program.signal(SIGKILL)
      #expect(try server.program.exitCode() == -SIGKILL)
    }
    for room in ledger.rooms {
      let kept = try KeptLine.exported(from: data, room: room)
      #expect(ledger.compare(kept ?? [], with: room) == [])
    }
    #expect(ledger.problems == [])
  }

  @Test(
    "a line that came back is in the export at once, locked or not, and after the server was killed"
  )
  func export() throws {
    let data = try TestFolder()
    let ledger = Ledger()
    do {
      let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
      let alice = try Walker(server, as: "alice", ledger: ledger)
      for number in 0..<20 {
        try alice.talk(["right away \(number)"])
        #expect(
          try KeptLine.exported(from: data, room: "lobby")?.last
            == KeptLine(number: alice.last, text: "alice: right away \(number)"))
      }
      let lock = try HistoryLock(data)
      try alice.upload(FileScript("1", "notes.txt", size: 100))
      for number in 0..<100 { try alice.talk(["locked \(number)"]) }
      try alice.go(to: "#new")
      try alice.talk(["there"])
      for isKilled in [false, true] {
        if isKilled {
          server.program.signal(SIGKILL)
          #expect(try server.program.exitCode() == -SIGKILL)
        }
        for room in ["lobby", "#new"] {
          let kept = try KeptLine.exported(from: data, room: room) ?? []
          #expect(ledger.compare(kept, with: room) == [], "killed: \(isKilled)")
        }
        let file = try KeptLine.exported(from: data, room: "lobby")?.first { $0.file != nil }
        #expect(file?.text == "alice sent notes.txt (100 B)")
      }
      try lock.release()
    }
    // It has changed nothing: the server that starts on it has the rest to put in.
    let server = try TestServer("--log-level", "warning", data: data)
    let bob = try Walker(server, as: "bob", ledger: ledger)
    #expect(ledger.compare(try bob.askForAll(), with: "lobby") == [])
    let kept = try KeptLine.exported(from: data, room: "#new")
    #expect(ledger.compare(kept ?? [], with: "#new") == [])
    #expect(ledger.problems == [])
  }
}
