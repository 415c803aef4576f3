internal import Glibc

/// A moment of the monotonic clock (clock_gettime(2), CLOCK_MONOTONIC), in nanoseconds.
package struct MonotonicTime: Comparable, Sendable {
  /// Nanoseconds since the clock's own beginning.
  package let nanoseconds: Int64

  /// Makes a moment.
  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// This moment.
  package static var now: MonotonicTime {
    var time = Glibc.timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  var timespec: Glibc.timespec {
    Glibc.timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  }

  /// The moment `duration` later.
  package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    let (seconds, attoseconds) = duration.components
    return MonotonicTime(
      nanoseconds: time.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  /// How long after `earlier` this moment is.
  package static func - (time: MonotonicTime, earlier: MonotonicTime) -> Duration {
    .nanoseconds(time.nanoseconds - earlier.nanoseconds)
  }

  /// Earlier or later.
  package static func < (one: MonotonicTime, other: MonotonicTime) -> Bool {
    one.nanoseconds < other.nanoseconds
  }
}
