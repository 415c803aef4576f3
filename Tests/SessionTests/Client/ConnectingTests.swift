import ChatSystem
import TestKit
import Testing

/// A name with several addresses (RFC 8305).
@Suite("Connecting", .timeLimit(.minutes(2)))
struct ConnectingTests {
  private static let name = Address(host: "server.example", port: 1)

  /// How long something took: for bounds that only tell minutes from seconds.
  private static func time(_ body: () throws -> Void) rethrows -> Duration {
    let start = MonotonicTime.now
    try body()
    return MonotonicTime.now - start
  }

  @Test("an address that swallows everything is not waited for")
  func swallowed() throws {
    let full = try FullListener(host: "127.0.0.2")
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    let places = [full.address, full.address, listener.address]
    let duration = try Self.time {
      let stream = try TCPTransport.connect(to: Self.name, at: places, timeout: .seconds(30))
      let accepted = try #require(try listener.accept())
      try stream.sendAll([1, 2, 3])
      var buffer = [UInt8](repeating: 0, count: 8)
      // It waits, as a stream does that was connected to at once.
      #expect(try accepted.stream.receive(into: &buffer) == 3)
    }
    #expect(duration < .seconds(25))
  }

  @Test("however many swallow everything, the time is over once")
  func bounded() throws {
    let full = try FullListener(host: "127.0.0.2")
    let places = [Address](repeating: full.address, count: 60)
    let duration = try Self.time {
      let error = try #require(throws: ConnectionError.self) {
        try TCPTransport.connect(to: Self.name, at: places, timeout: .seconds(1))
      }
      #expect("\(error)" == "cannot connect to server.example:1: Connection timed out")
    }
    #expect(duration < .seconds(30))
  }

  @Test("after a refusal the next is tried, and where all refuse the last one's reason is told")
  func refused() throws {
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    let closed = Address(host: "127.0.0.1", port: 1)
    let places = [Address](repeating: closed, count: 100)
    _ = try TCPTransport.connect(to: Self.name, at: places + [listener.address])
    #expect(try listener.accept() != nil)
    let error = try #require(throws: ConnectionError.self) {
      try TCPTransport.connect(to: Self.name, at: places)
    }
    #expect(error.reason == "Connection refused")
  }

  @Test("whoever answers at once is the only one that is asked")
  func first() throws {
    let listeners = try (1...2).map { try Listener(on: Address(host: "127.0.0.\($0)", port: 0)) }
    let stream = try TCPTransport.connect(to: Self.name, at: listeners.map(\.address))
    #expect(try listeners[0].accept() != nil)
    listeners[1].stop()
    #expect(try listeners[1].accept() == nil)
    withExtendedLifetime(stream) {}
  }

  @Test(
    "the families take turns, beginning with the first",
    arguments: [
      ("6a 6b 6c 4a 4b", "6a 4a 6b 4b 6c"), ("4a 6a 6b 6c", "4a 6a 6b 6c"), ("6a 6b", "6a 6b"),
      ("4a", "4a"), ("", ""),
    ])
  func families(_ candidates: String, _ order: String) {
    let words = candidates.split(separator: " ")
    #expect(
      ConnectionRace.interleaved(words) { $0.prefix(1) }.joined(separator: " ") == order)
  }
}
