internal import Glibc

/// The time of day.
package enum WallClock {
  /// Milliseconds since 1970, UTC.
  package static var milliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Now, as RFC 3339 has it, in UTC, with milliseconds: `2026-01-31T12:00:00.000Z`.
  package static func timestamp() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var fields = tm()
    gmtime_r(&time.tv_sec, &fields)
    var text = [CChar](repeating: 0, count: 32)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &fields)
    let milliseconds = String(1_000 + time.tv_nsec / 1_000_000).dropFirst()
    let seconds = text.prefix(length).map { UInt8(bitPattern: $0) }
    return "\(String(decoding: seconds, as: UTF8.self)).\(milliseconds)Z"
  }
}
