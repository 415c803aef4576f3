import ChatSystem
import Foundation
import TestKit
import Testing

/// The server is killed while people talk, move and send files, and while it starts.
@Suite("The history and SIGKILL", .serialized, .timeLimit(.minutes(5)))
struct JournalKillTests {
  /// The smallest journal: it is full after some thousand lines, and begins anew.
  private static let flags = ["--rate", "0", "--log-level", "warning"] + JournalFlags.small

  @Test(
    "killed at random moments: what anyone received of any room is kept, once, under its number",
    arguments: [false, true])
  func kill(isDurable: Bool) throws {
    let rounds = Environment.isSanitized ? 4 : isDurable ? 10 : 50
    let data = try TestFolder()
    let ledger = Ledger()
    var checked: [String: UInt64] = [:]
    try SeededRandom.run { random in
      for round in 0..<rounds {
        let server = try TestServer(
          arguments: Self.flags + (isDurable ? ["--durable"] : []), data: data)
        try Self.check(server, ledger, since: &checked, round)
        let company = Company(server, ledger, round: round)
        // A private room of before, which the code of half a second ago opens.
        if round % 5 == 4,
          let code = ledger.rooms.filter({ $0.count == 6 }).randomElement(using: &random)
        {
          try company.startGuest(in: code)
        }
        // Few lines or many.
        let lines = Int(exp(Double.random(in: 0...log(12_000), using: &random)))
        if Bool.random(using: &random) {
          // Right when somebody receives one.
          try company.start()
          ledger.after(lines) { [pid = server.program.pid] in Foundation.kill(pid, SIGKILL) }
        } else {
          let count = ledger.count + lines
          try company.start()
          try eventually("some lines are received") { ledger.count >= count }
          server.program.signal(SIGKILL)
        }
        try company.waitForEnd()
        #expect(try server.program.exitCode() == -SIGKILL)
        if round % 10 == 3 { try Self.compareExports(data, ledger) }
        try #require(ledger.problems.isEmpty, "round \(round): \(ledger.problems.prefix(5))")
      }
    }
    let server = try TestServer(arguments: Self.flags, data: data)
    try Self.compareExports(data, ledger)
    let files = try Self.checkFiles(server, ledger)
    print("\(ledger.count) receptions in \(ledger.rooms.count) rooms, \(files) files")
    #expect(ledger.problems.isEmpty)
    #expect(!server.program.errors.contains("damaged"), "\(server.program.errors)")
  }

  @Test(
    "killed three more times while it starts with much to put into the database: nothing is missing"
  )
  func killedAtStart() throws {
    let rounds = Environment.isSanitized ? 2 : 5
    let data = try TestFolder()
    let ledger = Ledger()
    let flags = ["--rate", "0", "--log-level", "warning"] + JournalFlags.medium
    try SeededRandom.run { random in
      for round in 0..<rounds {
        let server = try TestServer(arguments: flags, data: data)
        let alice = try Walker(server, as: "alice", ledger: ledger)
        let bob = try Walker(server, as: "bob", room: "#b", ledger: ledger)
        let lock = try HistoryLock(data)
        for number in 0..<(Environment.isSanitized ? 10 : 50) {
          for walker in [alice, bob] {
            try walker.talk((0..<100).map { Company.text(round, number * 100 + $0) })
          }
        }
        try bob.go(to: "#new\(round)")
        try bob.talk([Company.text(round, -1)])
        server.program.signal(SIGKILL)
        #expect(try server.program.exitCode() == -SIGKILL)
        try lock.release()
        for _ in 0..<3 {
          let restart = try Program(
            "chat-server", ["--port", "0", "--data", data.path] + flags)
          // The moment is what is random here.
          SystemThread.sleep(
            for: .microseconds(exp(Double.random(in: log(300)...log(60_000), using: &random))))
          restart.signal(SIGKILL)
          #expect(try restart.exitCode() == -SIGKILL, "\(restart.errors)")
        }
        if round == 0 { try Self.compareExports(data, ledger) }
      }
    }
    let server = try TestServer(arguments: flags, data: data)
    try Self.compareExports(data, ledger)
    for room in ledger.rooms {
      let reader = try Walker(server, as: "reader", room: room, ledger: ledger)
      let past = try reader.askForAll()
      #expect(ledger.compare(past, with: room) == [])
      #expect(past.last?.text == "reader joined!")
      try reader.leave()
    }
    #expect(ledger.problems.isEmpty)
    #expect(!server.program.errors.contains("damaged"), "\(server.program.errors)")
  }

  // MARK: Helpers

  /// Asks a server that has just started for what it has not been asked for before.
  private static func check(
    _ server: TestServer, _ ledger: Ledger, since checked: inout [String: UInt64], _ round: Int
  ) throws {
    for room in ["lobby", "#named"] {
      let expected = ledger.lines(of: room)
      var last = checked[room] ?? 0
      let reader = try Walker(server, as: "reader\(room.count)", room: room, ledger: ledger)
      var missing = expected.filter { $0.key > last }
      for line in try reader.askForAll(since: last) {
        if line.number != last + 1 {
          ledger.report("round \(round), \(room): number \(line.number) follows \(last)")
        }
        if let text = missing.removeValue(forKey: line.number), text != line.text {
          ledger.report("\(room) \(line.number): '\(line.text)' instead of '\(text)'")
        }
        last = line.number
      }
      if let lost = missing.min(by: { $0.key < $1.key }) {
        ledger.report("round \(round), \(room): \(missing.count) missing from \(lost) on")
      }
      checked[room] = last
    }
    try #require(ledger.problems.isEmpty, "round \(round): \(ledger.problems.prefix(5))")
  }

  private static func compareExports(_ data: TestFolder, _ ledger: Ledger) throws {
    for room in ledger.rooms {
      let kept = try KeptLine.exported(from: data, room: room)
      #expect(ledger.compare(kept ?? [], with: room) == [])
    }
  }

  /// Fetches every file of which anyone received a line.
  ///
  /// - Returns: how many there are.
  private static func checkFiles(_ server: TestServer, _ ledger: Ledger) throws -> Int {
    var count = 0
    for room in ledger.rooms {
      let received = ledger.lines(of: room).filter { $0.value.contains(" sent ") }
      guard !received.isEmpty else { continue }
      let kept = try KeptLine.exported(from: server.data, room: room) ?? []
      let ids = Dictionary(uniqueKeysWithValues: kept.map { ($0.number, $0.file) })
      let reader = try Walker(server, as: "getter\(count)", room: room, ledger: ledger)
      for (number, line) in received {
        let name = line.split(separator: " ")[2]
        guard let id = ids[number] ?? nil else {
          Issue.record("\(room) \(number): '\(line)' has no file")
          continue
        }
        #expect(try reader.download(id) == Company.file(named: String(name)).bytes, "\(line)")
        count += 1
      }
    }
    return count
  }
}
