/// A moment as HTTP has it, in whole seconds (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package struct HTTPDate: Sendable, Comparable {
  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  /// The years that four digits can say.
  private static let range: ClosedRange<Int64> = -62_167_219_200...253_402_300_799
  private static let secondsPerDay: Int64 = 86_400

  /// Since 1970, in UTC, without leap seconds (clock_gettime(2)).
  package let seconds: Int64

  /// A moment; what lies outside the years 0 to 9999 is the nearest in them.
  package init(seconds: Int64) {
    self.seconds = min(max(seconds, Self.range.lowerBound), Self.range.upperBound)
  }

  /// Earlier or later.
  package static func < (one: HTTPDate, other: HTTPDate) -> Bool { one.seconds < other.seconds }

  /// The moment as it is sent.
  package var text: String {
    let day = Self.floorDivide(seconds, Self.secondsPerDay)
    let rest = seconds - day * Self.secondsPerDay
    let (year, month, dayOfMonth) = Self.date(ofDay: day)
    // 1970 began on a Thursday.
    let weekday = Self.weekdays[Int((day + 3) - Self.floorDivide(day + 3, 7) * 7)]
    return "\(weekday), \(Self.padded(dayOfMonth)) \(Self.months[Int(month - 1)]) "
      + "\(Self.padded(year, to: 4)) \(Self.padded(rest / 3_600)):"
      + "\(Self.padded(rest / 60 % 60)):\(Self.padded(rest % 60)) GMT"
  }

  // MARK: Reading

  /// Reads any of the three forms; `nil` if it is none. The weekday is not compared.
  ///
  /// - Parameter now: tells which century a year of two digits belongs to: none is more than 50 years ahead.
  package init?(_ text: some StringProtocol, now: HTTPDate) {
    let words = Substring(text).split(separator: " ").map(String.init)
    let parsed: Self?
    switch words.count {
    // Sun, 06 Nov 1994 08:49:37 GMT
    case 6 where words[0].hasSuffix(",") && words[5] == "GMT":
      guard words[1].utf8.count == 2, words[3].utf8.count == 4 else { return nil }
      parsed = Self.moment(words[3], words[2], words[1], words[4])
    // Sunday, 06-Nov-94 08:49:37 GMT
    case 4 where words[0].hasSuffix(",") && words[3] == "GMT":
      let date = words[1].split(separator: "-").map(String.init)
      guard date.count == 3, date[0].utf8.count == 2, date[2].utf8.count == 2 else { return nil }
      parsed = Self.moment(Self.fullYear(date[2], now: now), date[1], date[0], words[2])
    // Sun Nov  6 08:49:37 1994
    case 5:
      guard words[4].utf8.count == 4 else { return nil }
      parsed = Self.moment(words[4], words[1], words[2], words[3])
    default: return nil
    }
    guard let parsed else { return nil }
    self = parsed
  }

  private static func moment(
    _ year: String, _ month: String, _ day: String, _ time: String
  ) -> HTTPDate? {
    let clock = time.split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
      let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
      // A leap second is the next one.
      let second = number(clock[2], 0...60), let year = number(year, 0...9_999),
      let monthIndex = months.firstIndex(of: month), let dayOfMonth = number(day, 1...31)
    else { return nil }
    let day = self.day(ofYear: year, month: Int64(monthIndex + 1), day: dayOfMonth)
    guard date(ofDay: day) == (year, Int64(monthIndex + 1), dayOfMonth) else { return nil }
    return HTTPDate(seconds: day * secondsPerDay + hour * 3_600 + minute * 60 + second)
  }

  private static func number(_ text: some StringProtocol, _ range: ClosedRange<Int64>) -> Int64? {
    guard let value = HTTPCharacters.decimal(text), value <= 9_999 else { return nil }
    return range.contains(Int64(value)) ? Int64(value) : nil
  }

  private static func fullYear(_ twoDigits: String, now: HTTPDate) -> String {
    guard let year = number(twoDigits, 0...99) else { return "" }
    let present = date(ofDay: floorDivide(now.seconds, secondsPerDay)).year
    var full = present / 100 * 100 + year
    if full > present + 50 { full -= 100 }
    return padded(max(0, full), to: 4)
  }

  // MARK: The calendar

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
  }

  private static func padded(_ value: Int64, to digits: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// Year, month and day of a day counted from 1970 (H. Hinnant, "chrono-Compatible Low-Level Date
  /// Algorithms", civil_from_days).
  private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  /// The day, counted from 1970 (the same, days_from_civil).
  private static func day(ofYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let shiftedMonth = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
