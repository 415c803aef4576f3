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
        let received = Atomic<Int>(0)
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
                repeat {
                  received.wrappingAdd(1, ordering: .relaxed)
                } while try witness.receive() != last
              } catch {
                return
              }
            }
          }
        }
        let enough = Int.random(in: 1...10_000, using: &random)
        try eventually("some lines are received") { received.load(ordering: .relaxed) >= enough }
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
        // About as fast as the lines come back, so that a kill hits some on their way.
        SystemThread.sleep(for: .milliseconds(2))
        if number % 40 == 20 {
          server.program.signal(SIGKILL)
          _ = try server.program.exitCode()
          // How long the server is away is part of the test: the clients try more or less often meanwhile.
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
      // The test has a rate: it says and takes what is due by the clock.
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
}
