package import ChatSystem

/// Tells how long a reader has held its room back. Pure.
///
/// It is asked now and then while somebody waits for space in the room's ring. A reader that is behind half of
/// the ring may be one that the others wait for; one that comes nearer to the head is not.
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
