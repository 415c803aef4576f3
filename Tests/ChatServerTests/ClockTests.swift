import ChatServer
import ChatSystem
import Testing

@Suite("TokenBucket and StallClock")
struct ClockTests {
  private static func time(_ milliseconds: Int) -> MonotonicTime {
    MonotonicTime(nanoseconds: Int64(milliseconds) * 1_000_000)
  }

  /// Takes one token, or asks a clock, outside of the macro that can't change what it looks at.
  private static func take(_ bucket: inout TokenBucket, _ milliseconds: Int) -> Duration {
    bucket.take(now: time(milliseconds))
  }

  private static func hasStopped(
    _ clock: inout StallClock, at position: UInt64, _ milliseconds: Int
  ) -> Bool {
    clock.hasStopped(at: position, now: time(milliseconds))
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

  @Test("a reader that takes nothing has stopped; one that goes on has not")
  func stall() {
    var clock = StallClock()
    #expect(!Self.hasStopped(&clock, at: 0, 0))
    #expect(!Self.hasStopped(&clock, at: 0, 1_999))
    #expect(Self.hasStopped(&clock, at: 0, 2_000))
    clock.reset()
    #expect(!Self.hasStopped(&clock, at: 0, 3_000))
    for step in 1...100 {
      let position = UInt64(step) * StallClock.progressBytes
      #expect(!Self.hasStopped(&clock, at: position, 3_000 + step * 1_900))
    }
  }

  @Test("a reader that takes a few bytes now and then has stopped all the same")
  func trickle() {
    var clock = StallClock()
    var stoppedAt: Int?
    for second in 0..<10 where stoppedAt == nil {
      if clock.hasStopped(at: UInt64(second), now: Self.time(1_000 * second)) { stoppedAt = second }
    }
    #expect(stoppedAt == 2)
  }
}
