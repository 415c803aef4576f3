import ChatClient
import ChatCore
import Testing

@Suite("Renderer")
struct RendererTests {
  private static func render(_ line: ServerLine, _ style: Renderer.Style) -> Renderer.Output {
    Renderer(style: style).render(line, nickname: "alice")
  }

  @Test("a script gets the room's lines as they are, complaints apart, and no ceremony")
  func plain() {
    #expect(Self.render(.said(by: "bob", text: "hi"), .plain) == .init(output: "bob: hi"))
    #expect(Self.render(.joined("bob"), .plain) == .init(output: "bob joined!"))
    #expect(
      Self.render(.message(from: "bob", to: "alice", text: "hi"), .plain)
        == .init(output: "[MSG]:bob hi\tto=alice"))
    #expect(Self.render(.notice("soon"), .plain) == .init(error: "soon"))
    #expect(Self.render(.error(code: "bad-tag", reason: "no"), .plain) == .init(error: "no"))
    for line: ServerLine in [
      .connected, .goodbye, .nicknameWanted, .unknown("[NEW]:x", isTagged: true),
      .welcome(room: "lobby", sequence: 1, members: 1, maxFileBytes: 0),
    ] {
      #expect(Self.render(line, .plain) == .init())
    }
  }

  @Test("a person gets sentences")
  func terminal() {
    #expect(
      Self.render(.message(from: "bob", to: "alice", text: "hi"), .terminal).output
        == "bob tells you: hi")
    #expect(
      Self.render(.message(from: "alice", to: "bob", text: "hi"), .terminal).output
        == "you tell bob: hi")
    #expect(Self.render(.who(["a", "b"], isLast: true), .terminal).output == "Here: a, b")
    #expect(Self.render(.error(code: "x", reason: "no"), .terminal).output == "! no")
    #expect(Self.render(.unknown("[NEW]:x", isTagged: true), .terminal) == .init())
  }

  @Test("a program gets one JSON object a line")
  func json() {
    for (line, json): (ServerLine, String?) in [
      (
        .said(by: "bob", text: "a \"quote\" \\ \t/"),
        #"{"event":"message","from":"bob","text":"a \"quote\" \\ \t/"}"#
      ),
      (.joined("bob"), #"{"event":"joined","nick":"bob"}"#),
      (.renamed(from: "a", to: "b"), #"{"event":"renamed","from":"a","to":"b"}"#),
      (
        .welcome(room: "lobby", sequence: 3, members: 2, maxFileBytes: 0),
        #"{"event":"welcome","members":2,"room":"lobby","seq":3}"#
      ),
      (
        .message(from: "a", to: "b", text: "x"),
        #"{"event":"private","from":"a","text":"x","to":"b"}"#
      ),
      (.who(["a", "b"], isLast: true), #"{"event":"who","nicks":["a","b"]}"#),
      (.rooms(["lobby=3"], isLast: true), ##"{"event":"rooms","rooms":{"lobby":3}}"##),
      (.error(code: "bad-tag", reason: "no"), #"{"code":"bad-tag","event":"error","text":"no"}"#),
      (.connected, nil), (.unknown("[NEW]:x", isTagged: true), nil),
    ] {
      #expect(Self.render(line, .json) == .init(output: json))
    }
  }
}
