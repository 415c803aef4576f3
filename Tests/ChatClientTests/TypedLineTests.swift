import ChatClient
import ChatFlags
import Testing

@Suite("TypedLine")
struct TypedLineTests {
  private static func sent(_ text: String) -> String? {
    guard case .send(let bytes) = TypedLine(text, nickname: "alice") else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("text is sent as it is, and text that looks like a tag stays text")
  func text() {
    #expect(Self.sent("hello") == "hello\n")
    #expect(Self.sent("  hello") == "  hello\n")
    #expect(Self.sent("[WHO]:") == "alice: [WHO]:\n")
    #expect(Self.sent("[who]:") == "[who]:\n")
    #expect(Self.sent("//who") == "/who\n")
    #expect(Self.sent("///") == "//\n")
    #expect(TypedLine("   ", nickname: "alice") == .nothing)
  }

  @Test("commands are sent as the protocol's lines")
  func commands() {
    #expect(Self.sent("/who") == "[WHO]:\n")
    #expect(Self.sent("/rooms") == "[ROOMS]:\n")
    #expect(Self.sent("/nick  bob ") == "[NICK]:bob\n")
    #expect(Self.sent("/msg bob hi  there") == "[MSG]:bob hi  there\n")
    #expect(Self.sent("/msg bob a\tb") == "[MSG]:bob a b\n")
  }

  @Test("leaving", arguments: ["exit", " exit ", "{quit}", "/quit", "/exit"])
  func leave(_ text: String) {
    #expect(TypedLine(text, nickname: "alice") == .leave)
  }

  @Test(
    "what is wrong is shown, not sent", arguments: ["/nope", "/nick", "/msg bob", "/msg", "/help"])
  func shown(_ text: String) {
    guard case .show(let answer) = TypedLine(text, nickname: "alice") else {
      Issue.record("not shown")
      return
    }
    #expect(!answer.isEmpty)
  }
}
