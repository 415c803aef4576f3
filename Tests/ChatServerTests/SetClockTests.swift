import ChatHistory
import ChatServer
import ChatSystem
import Foundation
import TestKit
import Testing

/// What becomes of private rooms when somebody sets the clock.
@Suite("A clock that is set", .serialized, .timeLimit(.minutes(2)))
struct SetClockTests {
  private static let day: Int64 = 86_400_000

  /// Clocks that stand still until the test moves them.
  private final class TestClock: Sendable {
    private let reading = Guarded((wallMilliseconds: Int64(1_700_000_000_000), seconds: Int64(100)))

    /// What a server asks.
    var now: ClockReading {
      reading.withLock {
        ClockReading(wallMilliseconds: $0.wallMilliseconds, sinceBoot: .seconds($0.seconds))
      }
    }

    /// Time passes.
    func pass(_ seconds: Int64) {
      reading.withLock {
        $0.seconds += seconds
        $0.wallMilliseconds += 1_000 * seconds
      }
    }

    /// Somebody sets the time of day.
    func set(by milliseconds: Int64) { reading.withLock { $0.wallMilliseconds += milliseconds } }
  }

  private static func server(
    _ data: TestFolder?, _ clock: TestClock, timeToLive: Duration = .seconds(8)
  ) throws -> Server {
    var options = ServerOptions()
    options.port = 0
    options.rate = 0
    options.dataFolder = data.map { FilePath($0.path) }
    options.roomTimeToLive = timeToLive
    options.clock = { clock.now }
    let server = try Server(options: options, log: EventLog(level: .error))
    try server.start()
    return server
  }

  private static func join(_ server: Server) throws -> TestSocket {
    let socket = try TestSocket(port: server.addresses[0].port)
    try socket.send("alice\n")
    for line in ["NICK", "alice joined!", "Connected to server!"] { try socket.expect(line) }
    return socket
  }

  /// Makes a private room and leaves it for the lobby.
  private static func leaveNewRoom(_ socket: TestSocket) throws -> String {
    try socket.send("[NEWROOM]:\n")
    try socket.expect("alice joined!")
    let line = try socket.line() ?? ""
    try socket.send("[ROOM]:lobby\n")
    try socket.expect("alice joined!")
    try socket.expect("You are in lobby")
    return String(line.dropFirst("You are in ".count))
  }

  @Test(
    "a private room lives for its time, whatever the clock is set to meanwhile",
    arguments: [2 * day, -2 * day, 0])
  func step(_ step: Int64) throws {
    let clock = TestClock()
    let data = try TestFolder()
    let server = try Self.server(data, clock)
    defer { server.stop() }
    let alice = try Self.join(server)
    let first = try Self.leaveNewRoom(alice)
    clock.pass(5)
    let second = try Self.leaveNewRoom(alice)
    let reader = try HistoryReader(folder: FilePath(data.path))
    try eventually("both rooms are there") {
      try reader.room(named: first) != nil && reader.room(named: second) != nil
    }
    clock.set(by: step)
    clock.pass(4)
    // The first one's time is over: whoever ends it has looked at the second one, too.
    try eventually("the first room is gone") { try reader.room(named: first) == nil }
    #expect(try reader.room(named: second) != nil)
    try alice.send("[ROOM]:\(second)\n")
    try alice.expect("alice joined!")
    try alice.expect("You are in \(second)")
  }

  @Test("the time of day counts while no server runs", arguments: [2 * day, -2 * day, 0])
  func restart(_ step: Int64) throws {
    let clock = TestClock()
    let data = try TestFolder()
    let code: String
    do {
      let server = try Self.server(data, clock)
      defer { server.stop() }
      let alice = try Self.join(server)
      let other = try Self.leaveNewRoom(alice)
      clock.pass(5)
      code = try Self.leaveNewRoom(alice)
      clock.set(by: step)
      clock.pass(4)
      let reader = try HistoryReader(folder: FilePath(data.path))
      try eventually("the first room is gone") { try reader.room(named: other) == nil }
    }
    clock.pass(3)
    do {
      let server = try Self.server(data, clock)
      defer { server.stop() }
      let alice = try Self.join(server)
      try alice.send("[ROOM]:\(code)\n[ROOM]:lobby\n")
      for line in ["alice joined!", "You are in \(code)", "alice joined!", "You are in lobby"] {
        try alice.expect(line)
      }
    }
    clock.pass(9)
    let server = try Self.server(data, clock)
    defer { server.stop() }
    let reader = try HistoryReader(folder: FilePath(data.path))
    try eventually("its time is over") { try reader.room(named: code) == nil }
  }

  @Test("a stop right after the clock is set: the same", arguments: [2 * day, -2 * day])
  func stopAtOnce(_ step: Int64) throws {
    let clock = TestClock()
    let data = try TestFolder()
    let (other, code): (String, String)
    do {
      let server = try Self.server(data, clock)
      defer { server.stop() }
      let alice = try Self.join(server)
      other = try Self.leaveNewRoom(alice)
      clock.pass(5)
      code = try Self.leaveNewRoom(alice)
      clock.set(by: step)
    }
    clock.pass(4)
    let server = try Self.server(data, clock)
    defer { server.stop() }
    let reader = try HistoryReader(folder: FilePath(data.path))
    try eventually("the first room is gone") { try reader.room(named: other) == nil }
    #expect(try reader.room(named: code) != nil)
  }

  @Test("a clock that is set is followed at once, however long rooms live: a kill changes nothing")
  func kill() throws {
    let clock = TestClock()
    let data = try TestFolder()
    let server = try Self.server(data, clock, timeToLive: .seconds(86_400))
    defer { server.stop() }
    let code = try Self.leaveNewRoom(try Self.join(server))
    // Once could be when rooms are looked for that have expired.
    for _ in 1...2 {
      clock.set(by: 2 * Self.day)
      let expiry = clock.now.wallMilliseconds - Self.day
      try eventually("what a kill would leave has the room") {
        let left = try TestFolder()
        for name in ["history.db", "history.db-wal"] {
          try FileManager.default.copyItem(
            atPath: "\(data.path)/\(name)", toPath: "\(left.path)/\(name)")
        }
        let writer = try HistoryWriter(
          folder: FilePath(left.path))
        guard try writer.existingRoom(named: code) != nil else { return false }
        return try writer.expiredRooms(before: expiry).isEmpty
      }
    }
  }

  @Test("a clock set back while no server ran keeps no room for ever")
  func setBackBetween() throws {
    let clock = TestClock()
    let data = try TestFolder()
    let code: String
    do {
      let server = try Self.server(data, clock)
      defer { server.stop() }
      code = try Self.leaveNewRoom(try Self.join(server))
    }
    clock.set(by: -2 * Self.day)
    let server = try Self.server(data, clock)
    defer { server.stop() }
    let reader = try HistoryReader(folder: FilePath(data.path))
    #expect(try reader.room(named: code) != nil)
    clock.pass(9)
    try eventually("its time is over") { try reader.room(named: code) == nil }
  }

  @Test("nothing is kept: the same", arguments: [2 * day, -2 * day])
  func withoutHistory(_ step: Int64) throws {
    let clock = TestClock()
    let server = try Self.server(nil, clock)
    defer { server.stop() }
    let alice = try Self.join(server)
    let first = try Self.leaveNewRoom(alice)
    clock.pass(5)
    let second = try Self.leaveNewRoom(alice)
    clock.set(by: step)
    clock.pass(4)
    try alice.send("[ROOM]:\(first)\n[ROOM]:\(second)\n")
    try alice.expectError("room-not-found")
    try alice.expect("alice joined!")
    try alice.expect("You are in \(second)")
  }
}
