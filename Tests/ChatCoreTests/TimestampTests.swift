import ChatCore
import Foundation
import TestKit
import Testing

@Suite("Timestamp")
struct TimestampTests {
  @Test("days, leap years and the ends of the calendar")
  func known() {
    #expect(Timestamp.text(0) == "1970-01-01T00:00:00.000Z")
    #expect(Timestamp.text(-1) == "1969-12-31T23:59:59.999Z")
    #expect(Timestamp.text(951_782_400_000) == "2000-02-29T00:00:00.000Z")
    #expect(Timestamp.text(1_795_254_645_007) == "2026-11-21T09:50:45.007Z")
    #expect(Timestamp.text(.max) == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp.text(.min) == "0000-01-01T00:00:00.000Z")
  }

  @Test("any moment reads as Foundation has it")
  func random() {
    SeededRandom.run { random in
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
      for _ in 0..<2_000 {
        let seconds = Int64.random(in: -2_000_000_000..<16_000_000_000, using: &random)
        #expect(
          Timestamp.text(1_000 * seconds)
            == Date(timeIntervalSince1970: Double(seconds)).formatted(style))
      }
    }
  }
}
