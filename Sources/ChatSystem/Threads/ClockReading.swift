internal import Glibc

/// What the system's clocks say at one moment.
package struct ClockReading: Sendable {
  /// The time of day (clock_gettime(2), CLOCK_REALTIME), which somebody may set: milliseconds since 1970, UTC.
  package let wallMilliseconds: Int64
  /// How long the system has run (CLOCK_BOOTTIME), which goes on while it sleeps, and cannot be set.
  package let sinceBoot: Duration

  /// Makes a reading.
  package init(wallMilliseconds: Int64, sinceBoot: Duration) {
    self.wallMilliseconds = wallMilliseconds
    self.sinceBoot = sinceBoot
  }

  /// Reads the clocks.
  package static var now: ClockReading {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return ClockReading(
      wallMilliseconds: WallClock.milliseconds,
      sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
  }
}

/// The time of day as it was at one moment, which from there on follows the monotonic clock: setting the clock changes
/// nothing. Pure.
///
/// What has to outlast the process is stored in this time, because after a new start there is nothing but the time
/// of day to compare it with.
package struct SteadyClock: Sendable {
  private var base: ClockReading

  /// Takes the time of day, once.
  package init(at reading: ClockReading) { base = reading }

  /// The time: milliseconds since 1970, UTC, as if the clock had not been set.
  package func milliseconds(at reading: ClockReading) -> Int64 {
    let (seconds, attoseconds) = (reading.sinceBoot - base.sinceBoot).components
    return base.wallMilliseconds + seconds * 1_000 + attoseconds / 1_000_000_000_000_000
  }

  /// By how many milliseconds the clock has been set forward; negative: back.
  package func step(at reading: ClockReading) -> Int64 {
    reading.wallMilliseconds - milliseconds(at: reading)
  }

  /// Takes over what the clock was set by: the caller has moved what it stored by as much.
  package mutating func follow(_ step: Int64) {
    base = ClockReading(
      wallMilliseconds: base.wallMilliseconds + step, sinceBoot: base.sinceBoot)
  }
}
