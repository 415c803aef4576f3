import ChatSystem
import Foundation
import TestKit
import Testing

/// The room full of people: what must hold when many talk at once, some do not read, or the server
/// is told to stop.
@Suite("Under load", .serialized, .timeLimit(.minutes(5)))
struct LoadTests {
  @Test("everyone hears everyone, all in the same order, and nothing is lost")
  func allToAll() throws {
    let people = Environment.isSanitized ? 20 : 200
    let linesEach = 500
    let server = try TestServer("--log-level", "warning")
    let crowd = try Crowd(server, count: people)
    let start = MonotonicTime.now
    for member in crowd.members {
      let lines = (0..<linesEach).map { "line \($0) of many that are said here today\n" }
      member.say(Array(lines.joined().utf8))
    }
    let total = crowd.members.reduce(0) { sum, member in
      sum
        + (0..<linesEach).reduce(0) {
          $0 + "\(member.nickname): line \($1) of many that are said here today\n".utf8.count
        }
    }
    try crowd.pump("everyone has heard everything", within: .seconds(240)) {
      crowd.members.allSatisfy { $0.position == total }
    }
    print("\(people * people * linesEach) deliveries in \(MonotonicTime.now - start)")
    var next: [Substring: Int] = [:]
    for line in crowd.agreedLines {
      let words = line.split(separator: " ")
      let expected = next[words[0], default: 0]
      guard Int(words[2]) == expected else {
        Issue.record("\(line), but line \(expected) was to come")
        return
      }
      next[words[0]] = expected + 1
    }
    #expect(next.count == people)
    #expect(next.values.allSatisfy { $0 == linesEach })
  }

  @Test("nothing is kept: a reader that stops is cut, the others get every byte, memory is bounded")
  func slowConsumer() throws {
    let people = Environment.isSanitized ? 20 : 100
    let totalBytes = Environment.isSanitized ? 20_000_000 : 200_000_000
    let server = try TestServer("--no-history", "--rate", "0", "--log-level", "info")
    let crowd = try Crowd(server, count: people)
    let stopped = crowd.members[5]
    let before = server.residentBytes
    let text = String(repeating: "0123456789", count: 800)
    let linesEach = totalBytes / 2 / 8_000
    stopped.isPaused = true
    var expectedBytes = "\(stopped.nickname) left!\n".utf8.count
    for sender in crowd.members[0..<2] {
      for number in 0..<linesEach {
        let line = "\(number) \(text)\n"
        sender.say(Array(line.utf8))
        expectedBytes += "\(sender.nickname): \(line)".utf8.count
      }
    }
    let farewell = Array("\(stopped.nickname) left!\n".utf8)
    var searched = 0
    try crowd.pump("the reader is cut", within: .seconds(120)) {
      let from = max(0, searched - farewell.count)
      searched = crowd.agreed.count
      return crowd.agreed.end(of: farewell, from: from) != nil
    }
    // What it is told lies behind all that it did not read, so it is read apart from the others.
    var rest: [UInt8] = []
    var isAtEnd = false
    try crowd.pump("the others have everything", within: .seconds(240)) {
      if !isAtEnd { isAtEnd = crowd.drain(stopped, into: &rest) }
      return isAtEnd
        && crowd.members.allSatisfy {
          $0 === stopped || $0.position == expectedBytes
        }
    }
    let lastLine = rest.dropLast().split(separator: UInt8(ascii: "\n")).last ?? []
    #expect(
      String(decoding: lastLine, as: UTF8.self).hasSuffix("\tcode=slow-consumer"))
    #expect(crowd.agreed.starts(with: rest.prefix(1_000_000)))
    let growth = server.peakResidentBytes - before
    print("memory grew by \(growth / 1_024) KiB")
    if !Environment.isSanitized { #expect(growth < 64 * 1_024 * 1_024) }
    try eventually("the log says why") {
      server.program.errors.contains("\(stopped.nickname) left: slow consumer")
    }
    var next = [0, 0]
    for line in crowd.agreedLines where line.contains(": ") {
      let words = line.split(separator: " ")
      let sender = words[0] == "u0:" ? 0 : 1
      guard Int(words[1]) == next[sender] else {
        Issue.record("\(line.prefix(40)), but line \(next[sender]) was to come")
        return
      }
      next[sender] += 1
    }
    #expect(next == [linesEach, linesEach])
  }

  @Test("nothing is kept: a slow reader that goes on reading holds the room back, and is not cut")
  func slowReader() throws {
    let server = try TestServer("--no-history", "--rate", "0")
    let crowd = try Crowd(server, count: 3)
    let slow = crowd.members[0]
    slow.isPaused = true
    let lines = 2_500
    let line = String(repeating: "x", count: 8_000) + "\n"
    crowd.members[1].say(Array(String(repeating: line, count: lines).utf8))
    let expectedBytes = lines * (line.utf8.count + "u1: ".utf8.count)
    // More than the room and all buffers hold, at a pace at which the system's buffers empty in
    // leaps that are seconds apart.
    var taken: [UInt8] = []
    let deadline = MonotonicTime.now + .seconds(6)
    while MonotonicTime.now < deadline {
      try crowd.pumpOnce()
      try crowd.take(from: slow, into: &taken)
      // The test has a rate: it takes so much in so long.
      SystemThread.sleep(for: .milliseconds(100))
    }
    #expect(!server.program.errors.contains("slow consumer"))
    var isAtEnd = false
    try crowd.pump("everyone has everything", within: .seconds(60)) {
      isAtEnd = crowd.drain(slow, into: &taken) || isAtEnd
      return taken.count == expectedBytes && crowd.members[2].position == expectedBytes
    }
    #expect(!isAtEnd)
    #expect(taken == crowd.agreed)
  }

  @Test("10,000 idle clients cost little, and nothing is left of them")
  func idle() throws {
    let people = Environment.isSanitized ? 500 : 10_000
    let server = try TestServer("--log-level", "warning")
    // The first room full of people warms up what stays: the ring, the broadcaster, the heap.
    let idle = server.descriptors
    _ = try Crowd(server, count: 10)
    try eventually("they are gone") { server.descriptors <= idle + 1 }
    let before = (server.residentBytes, server.threads, server.descriptors)
    let start = MonotonicTime.now
    var crowd: Crowd? = try Crowd(server, count: people, within: .seconds(120))
    let seconds = (MonotonicTime.now - start) / .seconds(1)
    let each = (server.residentBytes - before.0) / people
    print("\(people) clients joined in \(seconds) s, \(each) bytes of resident memory each")
    #if DEBUG
      // Without optimization, a thread's stack takes a page more.
      let limit = 32 * 1_024
    #else
      let limit = 24 * 1_024
    #endif
    if !Environment.isSanitized { #expect(each <= limit) }
    #expect(server.threads >= people)
    crowd = nil
    _ = crowd
    try eventually("their descriptors are back", within: .seconds(60)) {
      server.descriptors <= before.2
    }
    // Dispatch keeps a few threads of its own for a while.
    try eventually("their threads are back") { server.threads <= before.1 + 8 }
    print("resident memory: \(before.0 >> 10) KiB before, \(server.residentBytes >> 10) KiB after")
    if !Environment.isSanitized {
      try eventually("their memory is back") {
        server.residentBytes - before.0 < 16 * 1_024 * 1_024
      }
    }
    try server.join("alice").expectNothing()
  }

  @Test("SIGTERM: everyone gets what was accepted, the notice, and the end")
  func shutdown() throws {
    let server = try TestServer("--rate", "0", "--log-level", "info")
    let crowd = try Crowd(server, count: 20)
    for member in crowd.members {
      member.say(Array((0..<100_000).map { "line \($0)\n" }.joined().utf8))
    }
    try crowd.pump("they talk", within: .seconds(60)) { crowd.agreed.count > 1_000_000 }
    server.program.signal(SIGTERM)
    let start = MonotonicTime.now
    try crowd.pump("everyone has heard the end", within: .seconds(20)) {
      crowd.members.allSatisfy(\.isAtEnd)
    }
    #expect(try server.program.exitCode(within: 5) == 0)
    print("stopped in \(MonotonicTime.now - start)")
    #expect(crowd.members.allSatisfy { $0.position == crowd.agreed.count })
    let lines = crowd.agreedLines
    #expect(lines.last == "[ERROR]:the server is shutting down\tcode=shutting-down")
    #expect(lines.dropLast().allSatisfy { $0.hasPrefix("u") && $0.contains(": line ") })
    #expect(!server.program.errors.contains("not all clients"))
  }

  @Test("a server that nobody talks to stops at once")
  func shutdownIdle() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let waiting = try server.connect()
    try waiting.expect("NICK")
    server.program.signal(SIGINT)
    for socket in [alice, waiting] {
      try socket.expect("[ERROR]:the server is shutting down\tcode=shutting-down")
      try socket.expectEnd()
    }
    #expect(try server.program.exitCode() == 0)
  }

  @Test("a second signal ends the server though a client reads nothing")
  func secondSignal() throws {
    let server = try TestServer("--rate", "0")
    let crowd = try Crowd(server, count: 2)
    crowd.members[1].isPaused = true
    crowd.members[0].say([UInt8](repeating: UInt8(ascii: "x"), count: 100))
    let lines = Array(
      String(repeating: String(repeating: "y", count: 8_000) + "\n", count: 1_000).utf8)
    crowd.members[0].say(lines)
    try crowd.pump("the room is full", within: .seconds(60)) { crowd.members[0].hasSent }
    server.program.signal(SIGTERM)
    try eventually("it stops") { server.program.errors.contains("stopping") }
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode(within: 3) == -SIGTERM)
  }
}
