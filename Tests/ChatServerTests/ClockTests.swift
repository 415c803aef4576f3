import ChatServer
import ChatSystem
import Testing

@Suite("TokenBucket, StallClock and HoldClock")
struct ClockTests {
  private static func time(_ milliseconds: Int) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(milliseconds) * 1_000_000)
  }

  /// Takes one token, or asks a clock, outside of the macro that can't change what it looks at.
  private static func take(_ bucket: inout TokenBucket, _ milliseconds: Int) -> Duration {
    bucket.take(now: time(milliseconds))
  }

  private static func stalled(
    _ clock: inout StallClock, at bytes: UInt64, step: UInt64 = 1, _ milliseconds: Int
  ) -> Duration {
    clock.stalledFor(at: bytes, step: step, now: time(milliseconds))
  }

  @Test("a burst goes through, then the rate holds")
  func bucket() {
    var bucket = TokenBucket(rate: 100, burst: 1_000, now: Self.time(0))
    for _ in 0..<1_000 { #expect(Self.take(&bucket, 0) == .zero) }
    #expect(Self.take(&bucket, 0) == .milliseconds(10))
    #expect(Self.take(&bucket, 10) == .milliseconds(10))
    #expect(Self.take(&bucket, 30) == .zero)
  }

  @Test("silence refills it, up to the burst and no further")
  func refill() {
    var bucket = TokenBucket(rate: 100, burst: 10, now: Self.time(0))
    for _ in 0..<10 { _ = bucket.take(now: Self.time(0)) }
    for _ in 0..<10 { #expect(Self.take(&bucket, 3_600_000) == .zero) }
    #expect(Self.take(&bucket, 3_600_000) > .zero)
  }

  @Test("a rate of 0 is no limit")
  func unlimited() {
    var bucket = TokenBucket(rate: 0, burst: 0, now: Self.time(0))
    for _ in 0..<10_000 { #expect(Self.take(&bucket, 0) == .zero) }
  }

  @Test("a reader that takes nothing stalls; one that goes on does not")
  func stall() {
    var clock = StallClock()
    #expect(Self.stalled(&clock, at: 0, 0) == .zero)
    #expect(Self.stalled(&clock, at: 0, 1_999) == .milliseconds(1_999))
    #expect(Self.stalled(&clock, at: 1, 60_000) == .zero)
    #expect(Self.stalled(&clock, at: 1, 60_005) == .milliseconds(5))
    clock.reset()
    #expect(Self.stalled(&clock, at: 1, 70_000) == .zero)
  }

  @Test("less than a step is no progress, however often it comes")
  func trickle() {
    var clock = StallClock()
    for second in 0..<10 {
      let stalled = Self.stalled(&clock, at: UInt64(second), step: 65_536, 1_000 * second)
      #expect(stalled == .seconds(second))
    }
    #expect(Self.stalled(&clock, at: 65_536, step: 65_536, 10_000) == .zero)
  }

  @Test("who comes near the head holds nobody back")
  func hold() {
    var clock = HoldClock()
    let held = [0, 50, 100].map { clock.heldFor(now: Self.time($0)) }
    #expect(held == [.zero, .milliseconds(50), .milliseconds(100)])
    clock.reset()
    let again = clock.heldFor(now: Self.time(200))
    #expect(again == .zero)
  }
}
