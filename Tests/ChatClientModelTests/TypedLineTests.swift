import ChatClientModel
import Testing

@Suite("TypedLine")
struct TypedLineTests {
  private static func sent(_ text: String) -> String? {
    switch TypedLine(text) {
    case .send(.text(let bytes)): String(decoding: bytes, as: UTF8.self)
    case .send(.raw(let bytes)): "raw " + String(decoding: bytes, as: UTF8.self)
    case .send(.lookup), .leave, .display, .nothing, .sendFiles, .get, .cancel: nil
    }
  }

  @Test("text is sent as it is, and text that looks like a tag stays text")
  func text() {
    #expect(Self.sent("hello") == "hello")
    #expect(Self.sent("  hello") == "  hello")
    #expect(Self.sent("[WHO]:") == "[WHO]:")
    #expect(Self.sent("//who") == "/who")
    #expect(Self.sent("///") == "//")
    #expect(TypedLine("   ") == .nothing)
  }

  @Test("commands are sent as the protocol's lines")
  func commands() {
    for (typed, line) in [
      ("/who", "[WHO]:"), ("/rooms", "[ROOMS]:"), ("/nick  bob ", "[NICK]:bob"),
      ("/msg bob hi  there", "[MSG]:bob hi  there"), ("/msg bob a\tb", "[MSG]:bob a b"),
      ("/join #swift", "[ROOM]:#swift"), ("/join swift", "[ROOM]:swift"), ("/new", "[NEWROOM]:"),
      ("/history", "[HISTORY]:20"), ("/history 5", "[HISTORY]:5"),
      ("/search red  wine", "[SEARCH]:red  wine"),
    ] {
      #expect(Self.sent(typed) == "raw \(line)")
    }
  }

  @Test("files")
  func files() {
    #expect(TypedLine("/files") == .send(.raw(Array("[FILES]:".utf8))))
    #expect(TypedLine("/get abc") == .get("abc"))
    #expect(TypedLine("/get a-b.txt") == .get("a-b.txt"))
    #expect(TypedLine("/get my photo.png ") == .get("my photo.png"))
    #expect(TypedLine(#"/get "my photo.png""#) == .get("my photo.png"))
    #expect(TypedLine(#"/get my\ photo.png"#) == .get("my photo.png"))
    #expect(TypedLine("/get it's") == .get("it's"))
    #expect(TypedLine("/cancel") == .cancel(nil))
    #expect(TypedLine("/cancel abc") == .cancel("abc"))
    #expect(
      TypedLine(#"/send ~/a "b c" d\ e"#, home: "/me")
        == .sendFiles(["/me/a", "b c", "d e"].map { Array($0.utf8) }))
  }

  @Test("/help fits a terminal of 80 x 24")
  func help() {
    let lines = TypedLine.help.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count < 24)
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test("leaving", arguments: ["exit", " exit ", "{quit}", "/quit", "/exit"])
  func leave(_ text: String) {
    #expect(TypedLine(text) == .leave)
  }

  @Test(
    "mistakes are displayed, not sent",
    arguments: [
      "/nope", "/nick", "/msg bob", "/msg", "/help", "/join", "/history x", "/history 0", "/search",
      "/get", "/get  ", "/send", "/send 'a",
    ])
  func shown(_ text: String) {
    guard case .display(let answer) = TypedLine(text) else {
      Issue.record("not shown")
      return
    }
    #expect(!answer.isEmpty)
  }
}

extension TypedLine {
  /// A line that is text.
  init(_ text: String, home: String? = nil) {
    self.init(Array(text.utf8), home: home.map { Array($0.utf8) })
  }
}
