import ChatHTTP
import TestKit
import Testing

@Suite("HTTPDate")
struct HTTPDateTests {
  private static let now = HTTPDate(seconds: 1_780_000_000)

  // RFC 9110, section 5.6.7, has the three forms of one moment.
  @Test(
    "the RFC's three forms are one moment",
    arguments: [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ])
  func forms(_ text: String) {
    #expect(HTTPDate(text, now: Self.now)?.seconds == 784_111_777)
  }

  @Test("a moment is written in the first form")
  func written() {
    #expect(HTTPDate(seconds: 784_111_777).text == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate(seconds: 0).text == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(HTTPDate(seconds: -1).text == "Wed, 31 Dec 1969 23:59:59 GMT")
    #expect(HTTPDate(seconds: 951_782_400).text == "Tue, 29 Feb 2000 00:00:00 GMT")
    #expect(HTTPDate(seconds: .max).text == "Fri, 31 Dec 9999 23:59:59 GMT")
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2024 00:00:00 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT", "Sun Nov 6 08:49 1994",
    ])
  func none(_ text: String) { #expect(HTTPDate(text, now: Self.now) == nil) }

  @Test("a year of two digits is at most 50 years ahead")
  func twoDigits() throws {
    // In 2026: 76 is 2076, and 77 is 1977.
    let ahead = try #require(HTTPDate("Sunday, 06-Nov-76 08:49:37 GMT", now: Self.now))
    #expect(ahead.text.contains(" 2076 "))
    let past = try #require(HTTPDate("Sunday, 06-Nov-77 08:49:37 GMT", now: Self.now))
    #expect(past.text.contains(" 1977 "))
  }

  @Test("what is written is read as the same moment")
  func roundTrip() {
    SeededRandom.run { random in
      for _ in 0..<5_000 {
        let date = HTTPDate(
          seconds: .random(in: -62_167_219_200...253_402_300_799, using: &random))
        #expect(HTTPDate(date.text, now: Self.now) == date)
      }
    }
  }
}
