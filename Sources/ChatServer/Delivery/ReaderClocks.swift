package import ChatSystem

/// Tells a reader that is slow from one that has stopped. Pure.
///
/// It is asked now and then about a reader that has pending output. A reader has stopped when it took less than so many
/// bytes in so long a time.
package struct StallClock: Sendable {
  private var mark: (bytes: UInt64, time: MonotonicTime)?

  /// Makes a clock that does not run.
  package init() {}

  /// The reader has no pending output that matters: the clock stops.
  package mutating func reset() { mark = nil }

  /// How long the reader, which has taken `bytes` in all, has made no progress of `step` bytes.
  package mutating func stalledFor(
    at bytes: UInt64, step: UInt64, now: MonotonicTime
  ) -> Duration {
    guard let mark, bytes < mark.bytes + step else {
      mark = (bytes, now)
      return .zero
    }
    return now - mark.time
  }
}

/// Tells how long a reader has held its room back. Pure.
///
/// It is asked now and then while an appender waits for space in the room's ring. A reader that is half a ring behind may
/// be the one that it waits for; one that comes nearer to the head is not.
package struct HoldClock: Sendable {
  private var start: MonotonicTime?

  /// Makes a clock that does not run.
  package init() {}

  /// The reader is near the head: the clock stops.
  package mutating func reset() { start = nil }

  /// The reader is far behind: for how long it has been now.
  package mutating func heldFor(now: MonotonicTime) -> Duration {
    guard let start else {
      start = now
      return .zero
    }
    return now - start
  }
}
