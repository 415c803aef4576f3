internal import Glibc

/// A moment as the clock on the wall here shows it (localtime(3), environment's TZ).
package enum LocalTime {
  /// `12:34`, or `2026-01-31 12:34` if that is not today; the text itself if it is no time.
  ///
  /// - Parameters:
  ///   - text: RFC 3339 in UTC, as the protocol has it: `2026-01-31T12:34:56.789Z`.
  ///   - now: seconds since 1970.
  package static func text(of text: String, now: Int) -> String {
    guard let moment = seconds(text) else { return text }
    let (date, time) = local(moment)
    return date == local(now).date ? time : "\(date) \(time)"
  }

  /// The same, seen from now.
  package static func text(of text: String) -> String { self.text(of: text, now: Glibc.time(nil)) }

  /// Seconds since 1970.
  private static func seconds(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    // What stands between the numbers, and what follows the seconds, is not looked at.
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
      let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
      let minute = number(bytes[14..<16]), let second = number(bytes[17..<19])
    else { return nil }
    var fields = tm()
    (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year - 1_900, month - 1, day)
    (fields.tm_hour, fields.tm_min, fields.tm_sec) = (hour, minute, second)
    return timegm(&fields)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> CInt? {
    CInt(String(decoding: digits, as: UTF8.self))
  }

  private static func local(_ moment: Int) -> (date: String, time: String) {
    var moment = moment
    var fields = tm()
    localtime_r(&moment, &fields)
    return (
      "\(Int(fields.tm_year) + 1_900)-\(padded(fields.tm_mon + 1))-\(padded(fields.tm_mday))",
      "\(padded(fields.tm_hour)):\(padded(fields.tm_min))"
    )
  }

  private static func padded(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
