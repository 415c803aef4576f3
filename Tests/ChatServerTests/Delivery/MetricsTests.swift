import ChatCore
import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("Metrics", .timeLimit(.minutes(1)))
struct MetricsTests {
  private let metrics = Metrics()

  private func join(_ nickname: String, _ room: Room) throws -> FakeTransport {
    var behavior = FakeTransport.Behavior()
    behavior.isRead = true
    let transport = try FakeTransport(behavior)
    let peer = Peer(transport: transport, address: Address(host: "127.0.0.1", port: 1))
    #expect(room.join(peer, as: try Nickname(nickname)) { _, _ in Array("hi\n".utf8) })
    return transport
  }

  @Test("lines count once for the room and once for each who was sent them, and bytes as they are")
  func counts() throws {
    let rooms = try RoomRegistry(
      timeToLive: .seconds(10), readerTimeout: .seconds(60), metrics: metrics
    ) { ClockReading(wallMilliseconds: 0, sinceBoot: .zero) }
    let room = try rooms.enter(try RoomName("#a"))
    let alice = try join("alice", room)
    let bob = try join("bob", room)
    for _ in 0..<3 { #expect(room.say(Array("alice: one\nalice: two\n".utf8), lines: 2)) }
    #expect(metrics.linesSaid.count == 8)
    // Alice reads both joins, Bob his own, and each six lines.
    try eventually("both were sent all") { metrics.linesDelivered.count == 2 + 1 + 12 }
    let bytes = UInt64(alice.received.count + bob.received.count)
    try eventually("their bytes are counted") { metrics.bytesDelivered.count == bytes }
    #expect(metrics.passes.count > 0 && metrics.lineLatency.count == metrics.passes.count)
  }

  @Test("a histogram counts how many took at most so long")
  func histogram() {
    let histogram = LatencyHistogram()
    for nanoseconds: Int64 in [0, 100_000, 100_001, 1_000_000, 60_000_000_000, -5] {
      histogram.observe(nanoseconds: nanoseconds)
    }
    #expect(histogram.cumulative.prefix(4) == [3, 4, 4, 5])
    #expect(histogram.cumulative.last == 5 && histogram.count == 6)
    #expect(histogram.sum == 60_001_200_001)
    var text = MetricsText()
    text.histogram("x", "y", histogram)
    #expect(text.text.contains("x_bucket{le=\"0.0001\"} 3\n"))
    #expect(text.text.contains("x_bucket{le=\"10\"} 5\nx_bucket{le=\"+Inf\"} 6\n"))
    #expect(text.text.contains("x_sum 60.001200001\nx_count 6\n"))
  }
}
