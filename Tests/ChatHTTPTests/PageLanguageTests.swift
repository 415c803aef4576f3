import ChatHTTP
import Testing

@Suite("PageLanguage")
struct PageLanguageTests {
  @Test(
    "the language that is liked best is taken, English where none is known",
    arguments: [
      ("", PageLanguage.english), ("de", .german), ("de-AT,de;q=0.9,en;q=0.8", .german),
      ("en-US,en;q=0.9,de;q=0.8", .english), ("en;q=0.3, DE-ch;q=0.5", .german),
      ("fr, de;q=0.1", .german), ("fr", .english), ("de;q=0", .english), ("*", .english),
      ("en;q=0.5,de;q=0.501", .german), ("de;q=2", .english), ("de;q=1.001", .english),
      ("de;q=0.9999", .english), ("de;x", .english), ("den", .english), (",;,-,", .english),
      ("de , en", .german), ("en, de", .english),
    ])
  func language(_ field: String, _ language: PageLanguage) {
    #expect(PageLanguage(accepted: field) == language)
  }
}
