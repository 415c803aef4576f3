import ChatSystem
import Testing

/// Wherever the tests run: what a moment is called there is the system's to know.
@Suite("LocalTime")
struct LocalTimeTests {
  /// 2026-01-31T12:00:00Z.
  private static let noon = 1_769_860_800

  @Test("today has no date, other days have one")
  func dates() {
    let text = "2026-01-31T12:00:00.000Z"
    let today = LocalTime.text(of: text, now: Self.noon)
    #expect(today.wholeMatch(of: /\d\d:\d\d/) != nil)
    #expect(LocalTime.text(of: text, now: Self.noon + 59) == today)
    let later = LocalTime.text(of: text, now: Self.noon + 3 * 86_400)
    #expect(later.wholeMatch(of: /2026-0(1-31|2-01) \d\d:\d\d/) != nil)
    #expect(later.hasSuffix(today))
  }

  @Test(
    "what is no time is shown as it is",
    arguments: ["", "x", "2026-01-31", "2026-01-31T12:00:00", "2026-0x-31T12:00:00.000Z"])
  func nonsense(_ text: String) {
    #expect(LocalTime.text(of: text, now: Self.noon) == text)
  }

  @Test(
    "a time that is none is shown as something",
    arguments: [
      "9999-99-99T99:99:99.999Z", "-999--9--9T-9:-9:-9.000Z", "0000-00-00T00:00:00.000Z",
      "99999999999999999999Z", "+999-+9-+9T+9:+9:+9Z", "Z", "",
    ])
  func times(text: String) {
    #expect(LocalTime.text(of: text, now: 0).isEmpty == text.isEmpty)
  }
}
