internal import ChatSystem

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
  package static func text(of text: String) -> String {
    self.text(of: text, now: Int(WallClock.milliseconds / 1_000))
  }

  /// Seconds since 1970.
  private static func seconds(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    // What stands between the numbers, and what follows the seconds, is not looked at.
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
      let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
      let minute = number(bytes[14..<16]), let second = number(bytes[17..<19])
    else { return nil }
    return CalendarTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second
    ).secondsInUTC
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    Int(String(decoding: digits, as: UTF8.self))
  }

  private static func local(_ moment: Int) -> (date: String, time: String) {
    let time = CalendarTime(localAt: moment)
    return (
      "\(time.year)-\(padded(time.month))-\(padded(time.day))",
      "\(padded(time.hour)):\(padded(time.minute))"
    )
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
