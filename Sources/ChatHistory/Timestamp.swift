/// A moment in words, without asking the system: in UTC, as RFC 3339 has it.
package enum Timestamp {
  /// `2026-01-31T12:00:00.000Z`.
  ///
  /// - Parameter milliseconds: since 1970; outside of the years 0 to 9999 the nearest moment of them.
  package static func text(milliseconds: Int64) -> String {
    let inYears = max(-62_167_219_200_000, min(milliseconds, 253_402_300_799_999))
    let (seconds, rest) = floored(inYears, by: 1_000)
    let (days, second) = floored(seconds, by: 86_400)
    let (year, month, day) = date(daysSince1970: days)
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2) + "T"
      + digits(second / 3_600, 2) + ":" + digits(second / 60 % 60, 2) + ":"
      + digits(second % 60, 2) + "." + digits(rest, 3) + "Z"
  }

  /// The date of a day in the Gregorian calendar: Howard Hinnant's `civil_from_days`
  /// (https://howardhinnant.github.io/date_algorithms.html), which counts years from March.
  private static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floored(daysSince1970 + 719_468, by: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func floored(_ value: Int64, by unit: Int64) -> (whole: Int64, rest: Int64) {
    let rest = (value % unit + unit) % unit
    return ((value - rest) / unit, rest)
  }

  private static func digits(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
