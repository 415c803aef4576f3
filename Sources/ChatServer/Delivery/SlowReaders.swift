package import ChatSystem

/// Decides what becomes of readers that read too slowly. Pure.
///
/// A room's ring holds so many bytes. While an appender waits for space, the readers that are far behind keep it
/// from being freed. Where the room's lines are kept in a history, such a reader is *detached*: it reads on from
/// there at its own pace, and no appender waits for it. Where they are not, it is cut off once it has stopped.
package struct SlowReaders: Sendable {
  /// How long a reader may hold the others back before it is detached: where most are ahead of it, and where some are.
  private static let shortPatience: Duration = .milliseconds(100)
  private static let longPatience: Duration = .seconds(1)
  /// A reader that holds the others back has stopped if it takes less than so much in so long a time.
  private static let stopPatience: Duration = .seconds(2)
  private static let progressBytes: UInt64 = 65_536

  /// How long a reader may take nothing of what waits for it, whether or not it holds others back.
  private let readerTimeout: Duration

  /// - Parameter readerTimeout: how long a reader may take nothing of what waits for it.
  package init(readerTimeout: Duration) { self.readerTimeout = readerTimeout }

  /// How the attached readers of a room stand.
  package struct Standing: Sendable {
    /// How many are attached.
    let attached: Int
    /// How many of them are near the head.
    let near: Int
    /// Whether one that is detached can read on from the history.
    let canReadOn: Bool

    /// Describes a room.
    package init(attached: Int, near: Int, canReadOn: Bool) {
      (self.attached, self.near, self.canReadOn) = (attached, near, canReadOn)
    }
  }

  /// What becomes of a reader.
  package enum Verdict: Sendable, Equatable { case stays, detached, cutOff }

  /// What is known of one reader's pace.
  package struct Pace: Sendable {
    fileprivate var hold = HoldClock()
    fileprivate var progress = StallClock()
    fileprivate var silence = StallClock()

    /// Makes one of a reader that has just come.
    package init() {}

    /// The reader is attached again: what it held back before is forgotten.
    package mutating func reattach() { hold.reset() }
  }

  /// Judges an attached reader while an appender waits for space.
  ///
  /// - Parameters:
  ///   - isNear: whether it is less than half a ring behind.
  ///   - deliveredBytes: how many bytes have reached its system so far.
  package func verdict(
    of pace: inout Pace, isNear: Bool, deliveredBytes: @autoclosure () -> UInt64,
    in standing: Standing, now: MonotonicTime
  ) -> Verdict {
    guard !isNear else {
      pace.hold.reset()
      pace.progress.reset()
      return .stays
    }
    // Where all are equally slow, the room is as fast as they are. The fewer are behind, the surer it is that they are
    // slower than the others.
    let patience = standing.near * 2 >= standing.attached ? Self.shortPatience : Self.longPatience
    let held = pace.hold.heldFor(now: now)
    let stopped =
      pace.progress.stalledFor(at: deliveredBytes(), step: Self.progressBytes, now: now)
      >= Self.stopPatience
    guard standing.canReadOn else { return stopped ? .cutOff : .stays }
    return stopped || (standing.near > 0 && held >= patience) ? .detached : .stays
  }

  /// Whether a blocked reader has taken nothing for too long.
  ///
  /// - Parameter deliveredBytes: how many bytes have reached its system so far.
  package func isSilent(
    _ pace: inout Pace, deliveredBytes: UInt64, now: MonotonicTime
  ) -> Bool {
    pace.silence.stalledFor(at: deliveredBytes, step: 1, now: now) >= readerTimeout
  }
}
