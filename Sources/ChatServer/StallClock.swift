package import ChatSystem

/// Tells a reader that is slow from one that has stopped, while others wait for it. Pure.
///
/// It is asked now and then about a reader that holds the room back. A reader has stopped when it
/// took less than `progressBytes` in `patience`: a few bytes now and then are no progress, or one
/// peer could hold a whole room.
package struct StallClock: Sendable {
  /// How long a reader may hold the others back without progress.
  package static let patience: Duration = .seconds(2)

  /// How much it has to take in that time, in bytes.
  package static let progressBytes: UInt64 = 65_536

  private var mark: (position: UInt64, time: MonotonicTime)?

  /// Makes a clock that does not run.
  package init() {}

  /// The reader holds nobody back: the clock stops.
  package mutating func reset() { mark = nil }

  /// The reader holds the others back and stands at `position`: whether it has stopped.
  package mutating func hasStopped(at position: UInt64, now: MonotonicTime) -> Bool {
    guard let mark, position < mark.position + Self.progressBytes else {
      mark = (position, now)
      return false
    }
    return now - mark.time >= Self.patience
  }
}
