import ChatSystem
import Foundation
import Synchronization
import TestKit
import Testing

/// What the history promises, with the real server.
@Suite("The history holds", .serialized, .timeLimit(.minutes(5)))
struct DurabilityTests {
  @Test("killed at random moments: every line anyone received is kept, once, in order")
  func kill() throws {
    let rounds = Environment.isSanitized ? 4 : 20
    let data = try TestFolder()
    var seen: [UInt64: String] = [:]
    try SeededRandom.run { random in
      for round in 0..<rounds {
        let server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
        let witnesses = (0..<4).map { _ in Witness(server) }
        for (index, witness) in witnesses.enumerated() { try witness.connect(as: "u\(index)") }
        let ended = Atomic<Int>(0)
        for witness in witnesses {
          Self.start {
            defer { ended.wrappingAdd(1, ordering: .releasing) }
            var number = 0
            while true {
              do {
                try witness.say(
                  (0..<20).map { "round \(round) line \(number + $0)" }.joined(separator: "\n"))
                number += 20
                let last = "\(witness.nickname): round \(round) line \(number - 1)"
                while try witness.receive() != last {}
              } catch {
                return
              }
            }
          }
        }
        SystemThread.sleep(for: .milliseconds(Int.random(in: 5...300, using: &random)))
        server.program.signal(SIGKILL)
        try eventually("the clients have noticed") { ended.load(ordering: .acquiring) == 4 }
        for witness in witnesses {
          #expect(witness.lines.count > 0)
          for (sequence, line) in witness.lines {
            guard seen.updateValue(line, forKey: sequence) ?? line == line else {
              Issue.record("two lines of number \(sequence), in round \(round)")
              return
            }
          }
        }
      }
    }
    let server = try TestServer(data: data)
    let reader = Witness(server)
    try reader.connect(as: "reader", fromStart: true)
    // It takes no line that does not follow the one before; so nothing is there twice.
    try reader.catchUp()
    let missing = seen.filter { reader.lines[$0.key] != $0.value }
    print("\(seen.count) lines received of \(reader.lines.count) kept, \(missing.count) missing")
    #expect(missing.isEmpty)
    #expect(!server.program.errors.contains("damaged"))
  }

  @Test("cut off at random 100 times in a busy room, who returns ends with what the others have")
  func comeBack() throws {
    let times = Environment.isSanitized ? 20 : 100
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let steady = Witness(server)
    try steady.connect(as: "steady")
    let isOver = Atomic<Bool>(false)
    let talkers = (0..<3).map { _ in Witness(server) }
    let ended = Atomic<Int>(0)
    for (index, talker) in talkers.enumerated() {
      try talker.connect(as: "talker\(index)")
      Self.start {
        defer { ended.wrappingAdd(1, ordering: .releasing) }
        var number = 0
        while !isOver.load(ordering: .relaxed) {
          let last = "\(talker.nickname): \(number)"
          do {
            try talker.say("\(number)")
            while try talker.receive() != last {}
          } catch {
            Issue.record("\(error)")
            return
          }
          number += 1
        }
      }
    }
    Self.start {
      do {
        while try steady.receive() != "wanderer: the end" {}
      } catch {
        Issue.record("\(error)")
      }
      ended.wrappingAdd(1, ordering: .releasing)
    }
    let wanderer = Witness(server)
    try SeededRandom.run { random in
      for time in 0..<times {
        try wanderer.connect(as: "wanderer\(time)")
        for _ in 0..<Int.random(in: 0...200, using: &random) { try wanderer.receive() }
        wanderer.cut()
      }
    }
    isOver.store(true, ordering: .relaxed)
    try eventually("nobody talks") { ended.load(ordering: .acquiring) == 3 }
    try wanderer.connect(as: "wanderer")
    try wanderer.say("the end")
    while try wanderer.receive() != "wanderer: the end" {}
    try eventually("the other has read all") { ended.load(ordering: .acquiring) == 4 }
    let first = wanderer.lines.keys.min() ?? 0
    print("\(wanderer.lines.count) lines over \(times + 1) connections")
    #expect(wanderer.lines == steady.lines.filter { first...wanderer.last ~= $0.key })
  }

  @Test("two clients go on talking while the server is killed and started again: each line once")
  func clientsSurvive() throws {
    let rounds = Environment.isSanitized ? 2 : 5
    let data = try TestFolder()
    var server = try TestServer("--rate", "0", "--log-level", "warning", data: data)
    let port = server.port
    let clients = try ["alice", "bob"].map {
      try Program("chat-client", ["--nick", $0, "127.0.0.1:\(port)"])
    }
    try eventually("both are here") {
      let witness = try server.join("witness")
      try witness.send("[WHO]:\n")
      return try witness.line() == "[WHO]:alice bob witness\tend=1"
    }
    let linesEach = 40 * rounds
    try SeededRandom.run { random in
      for number in 0..<linesEach {
        for client in clients { try client.type("\(number)\n") }
        SystemThread.sleep(for: .milliseconds(2))
        if number % 40 == 20 {
          server.program.signal(SIGKILL)
          _ = try server.program.exitCode()
          SystemThread.sleep(for: .milliseconds(Int.random(in: 0...200, using: &random)))
          server = try TestServer("--rate", "0", "--log-level", "warning", data: data, port: port)
        }
      }
    }
    for client in clients { try client.endInput() }
    let outputs = try clients.map { try $0.rest() }
    for client in clients { #expect(try client.exitCode() == 0, "\(client.errors)") }
    let export = try Program(
      "chat-server", ["export", "--data", data.path, "--room", "lobby"])
    let kept = try export.rest().split(separator: "\n")
    for name in ["alice", "bob"] {
      let expected = (0..<linesEach).map { "\(name): \($0)" }
      #expect(kept.filter { $0.hasPrefix("\(name): ") } == expected.map { $0[...] })
    }
    // Each saw all of the room's lines from its first to its last, once and in order.
    for (output, name) in zip(outputs, ["alice", "bob"]) {
      let seen = output.split(separator: "\n")
      let first = kept.firstIndex(of: "\(name) joined!") ?? 0
      #expect(kept[first...].starts(with: seen), "\(name)")
      #expect(seen.contains("\(name): \(linesEach - 1)"))
    }
  }

  @Test("a reader of 50 kB/s in a room of 5 MB/s: the others are unharmed, it gets every line")
  func slowReader() throws {
    let seconds = Environment.isSanitized ? 3 : 20
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let crowd = try Crowd(server, count: 6)
    let slow = crowd.members[3]
    let talker = crowd.members[0]
    slow.isPaused = true
    let before = server.residentBytes
    let text = String(repeating: "x", count: 985)
    let start = MonotonicTime.now
    var said = 0
    var expected = 0
    var taken: [UInt8] = []
    var worst = Duration.zero
    var lag: (position: Int, since: MonotonicTime)?
    while true {
      let now = MonotonicTime.now
      let elapsed = (now - start) / .seconds(1)
      if elapsed >= Double(seconds) { break }
      while said < Int(elapsed * 5_000) {
        let line = "\(said) \(text)\n"
        talker.say(Array(line.utf8))
        expected += "u0: \(line)".utf8.count
        said += 1
      }
      try crowd.pumpOnce()
      if Double(taken.count) < elapsed * 50_000 { try crowd.take(from: slow, into: &taken) }
      // How long it takes until everyone else has what was said.
      let heard = crowd.members.filter { $0 !== slow }.map { $0.position ?? 0 }.min() ?? 0
      if let point = lag, heard >= point.position {
        worst = max(worst, now - point.since)
        lag = nil
      }
      if lag == nil { lag = (expected, now) }
      SystemThread.sleep(for: .milliseconds(1))
    }
    #expect(taken.count < 60_000 * seconds + 65_536)
    try crowd.pump("the others have everything", within: .seconds(20)) {
      crowd.members.allSatisfy { $0 === slow || $0.position == expected }
    }
    print("the others were at most \(worst) late")
    var isAtEnd = false
    try crowd.pump("the slow one has everything", within: .seconds(120)) {
      isAtEnd = crowd.drain(slow, into: &taken) || isAtEnd
      return isAtEnd || taken.count >= expected
    }
    #expect(!isAtEnd)
    #expect(taken == crowd.agreed)
    let growth = server.peakResidentBytes - before
    print("memory grew by \(growth / 1_024) KiB")
    if !Environment.isSanitized { #expect(growth < 32 * 1_024 * 1_024) }
    #expect(!server.program.errors.contains("slow consumer"))
  }

  @Test("who takes nothing at all is closed in the end, and nobody else notices")
  func stoppedReader() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "2")
    let crowd = try Crowd(server, count: 5)
    let stopped = crowd.members[4]
    stopped.isPaused = true
    let lines = Array(
      String(repeating: String(repeating: "y", count: 7_999) + "\n", count: 4_000).utf8)
    crowd.members[0].say(lines)
    let farewell = Array("u4 left!\n".utf8)
    let expected = lines.count + 4_000 * "u0: ".utf8.count + farewell.count
    try crowd.pump("it is closed, and the others have everything", within: .seconds(120)) {
      crowd.members.allSatisfy { $0 === stopped || $0.position == expected }
    }
    #expect(crowd.agreed.end(of: farewell) != nil)
    var rest: [UInt8] = []
    try crowd.pump("it is told", within: .seconds(20)) { crowd.drain(stopped, into: &rest) }
    let lastLine = rest.dropLast().split(separator: UInt8(ascii: "\n")).last ?? []
    #expect(String(decoding: lastLine, as: UTF8.self).hasSuffix("\tcode=slow-consumer"))
    #expect(crowd.agreed.starts(with: rest.prefix(1_000_000)))
  }

  @Test("the disk is full: the room goes on, everyone is told, and it is kept again when it can be")
  func fullDisk() throws {
    let server = try TestServer("--log-level", "info")
    let alice = try server.join("alice")
    try alice.send("kept\n")
    try alice.expect("alice: kept")
    // No file of the server's can grow any more, as if there were no space.
    try Self.limitFiles(of: server, to: "1")
    try alice.send("not kept\n")
    try Self.expect(["alice: not kept", "[NOTICE]:The history has stopped"], in: alice)
    try alice.send("[HISTORY]:5\n")
    try Self.expectPast(["alice joined!", "alice: kept"], in: alice)
    try alice.send("nor this\n")
    try alice.expect("alice: nor this")
    // Neither can the file be that the server's log goes to: what it said is not there.
    try Self.limitFiles(of: server, to: "unlimited")
    try eventually("it is kept again") {
      try alice.send("again?\n")
      SystemThread.sleep(for: .milliseconds(100))
      return server.program.errors.contains("the history is kept again")
    }
    while let line = try alice.line(), !line.hasPrefix("[NOTICE]:The history is kept again") {}
    try alice.send("[PING]:x\n")
    while try alice.line() != "[PONG]:x" {}
    try alice.send("kept too\n")
    try alice.expect("alice: kept too")
    try alice.send("[HISTORY]:1000\n")
    var past: [String] = []
    while let line = try alice.line(), line != "[PAST]:\tend=1" {
      past.append(String(line.split(separator: "\t")[0].dropFirst("[PAST]:".count)))
    }
    #expect(past.starts(with: ["alice joined!", "alice: kept"]))
    #expect(past.last == "alice: kept too")
    #expect(!past.contains("alice: not kept") && !past.contains("alice: nor this"))
  }

  @Test(
    "numbers of lines that were not kept are not used again, and private rooms outlive a full disk")
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
    // SQLite's log still has all of it, and would mend the file.
    for suffix in ["-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: file.path + suffix)
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

  @Test("two servers on one folder: the second says so and ends")
  func twoServers() throws {
    let server = try TestServer()
    let second = try Program(
      "chat-server", ["--port", "0", "--data", server.data.path])
    #expect(try second.exitCode() == 1)
    #expect(second.errors.contains("\(server.data.path) is in use by another chat-server"))
    try server.join("alice").expectNothing()
  }

  @Test("an end by SIGTERM keeps everything")
  func terminate() throws {
    let data = try TestFolder()
    let first = try TestServer("--rate", "0", data: data)
    let witness = Witness(first)
    try witness.connect(as: "alice")
    for number in 0..<1_000 { try witness.say("\(number)") }
    while try witness.receive() != "alice: 999" {}
    first.program.signal(SIGTERM)
    #expect(try first.program.exitCode() == 0)
    let second = try TestServer(data: data)
    let reader = Witness(second)
    try reader.connect(as: "bob", fromStart: true)
    while try reader.receive() != "alice: 999" {}
    #expect(reader.lines == witness.lines)
  }

  // MARK: Helpers

  private static func start(_ body: @escaping () -> Void) {
    // Sound: whoever starts one waits for it, and touches what it uses only afterwards.
    nonisolated(unsafe) let body = body
    Thread { body() }.start()
  }

  private static func limitFiles(of server: TestServer, to size: String) throws {
    let program = try Program(
      "prlimit", ["--pid", "\(server.program.pid)", "--fsize=\(size):unlimited"])
    guard try program.exitCode() == 0 else { throw Failure("prlimit: \(program.errors)") }
  }

  /// Takes as many lines, which have to begin so, in whatever order.
  private static func expect(_ beginnings: [String], in socket: TestSocket) throws {
    var lines: [String] = []
    for _ in beginnings { if let line = try socket.line() { lines.append(line) } }
    for beginning in beginnings where !lines.contains(where: { $0.hasPrefix(beginning) }) {
      throw Failure("no '\(beginning)' in \(lines)")
    }
  }

  private static func expectPast(_ lines: [String], in socket: TestSocket) throws {
    for line in lines {
      let text = try socket.line() ?? ""
      guard text.hasPrefix("[PAST]:\(line)\t") else {
        throw Failure("expected '\(line)', got '\(text)'")
      }
    }
    try socket.expect("[PAST]:\tend=1")
  }
}
