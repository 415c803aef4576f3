/// A moment of the calendar as RFC 3339 has it, in UTC, with milliseconds.
public enum Timestamp {
  private static let millisecondsPerDay: Int64 = 86_400_000

  /// `2026-01-31T12:00:00.000Z`.
  ///
  /// - Parameter milliseconds: since 1970, in UTC, without leap seconds (clock_gettime(2)); what lies
  ///   outside the years 0 to 9999 is shown as the nearest moment in them.
  public static func text(_ milliseconds: Int64) -> String {
    let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
    let day = (clamped >= 0 ? clamped : clamped - millisecondsPerDay + 1) / millisecondsPerDay
    let rest = clamped - day * millisecondsPerDay
    let (year, month, dayOfMonth) = date(ofDay: day)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    append(year, digits: 4, to: &bytes)
    for (separator, value, digits) in [
      ("-", month, 2), ("-", dayOfMonth, 2), ("T", rest / 3_600_000, 2),
      (":", rest / 60_000 % 60, 2), (":", rest / 1_000 % 60, 2), (".", rest % 1_000, 3),
    ] as [(Unicode.Scalar, Int64, Int)] {
      bytes.append(UInt8(ascii: separator))
      append(value, digits: digits, to: &bytes)
    }
    bytes.append(UInt8(ascii: "Z"))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Year, month and day of a day counted from 1970 (H. Hinnant, "chrono-Compatible Low-Level Date
  /// Algorithms", civil_from_days).
  private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  private static func append(_ value: Int64, digits: Int, to bytes: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}
