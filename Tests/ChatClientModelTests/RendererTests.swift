import ChatClientModel
import ChatCore
import Testing

@Suite("Renderer")
struct RendererTests {
  private static func render(_ line: ServerLine, _ style: Renderer.Style) -> Renderer.Output {
    Renderer(style: style) { "(\($0))" }.render(line, nickname: "alice")
  }

  @Test("a script gets the room's lines as they are, errors apart, and nothing else")
  func plain() {
    #expect(Self.render(.room(.said(by: "bob", text: "hi")), .plain) == .init(output: "bob: hi"))
    #expect(Self.render(.room(.joined("bob")), .plain) == .init(output: "bob joined!"))
    #expect(
      Self.render(.message(from: "bob", to: "alice", text: "hi"), .plain)
        == .init(output: "[MSG]:bob hi\tto=alice"))
    #expect(Self.render(.control(.notice("soon")), .plain) == .init(error: "soon"))
    #expect(
      Self.render(.control(.error(code: "bad-tag", reason: "no")), .plain) == .init(error: "no"))
    #expect(
      Self.render(.reply(.past("bob: hi", sequence: 3, time: "T")), .plain)
        == .init(output: "bob: hi"))
    for line: ServerLine in [
      .reply(.pastEnd), .session(.connected), .session(.goodbye), .session(.nicknameWanted),
      .unknown("[NEW]:x", isTagged: true),
      .session(.welcome(room: "lobby", sequence: 1, members: 1, maxFileBytes: 0)),
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
    #expect(Self.render(.reply(.who(["a", "b"], isLast: true)), .terminal).output == "Here: a, b")
    #expect(Self.render(.control(.error(code: "x", reason: "no")), .terminal).output == "! no")
    #expect(Self.render(.unknown("[NEW]:x", isTagged: true), .terminal) == .init())
    #expect(
      Self.render(.reply(.past("bob: hi", sequence: 3, time: "T")), .terminal).output
        == "(T) bob: hi")
  }

  @Test("a person in a private room reads how others enter it")
  func rooms() {
    #expect(
      Self.render(.session(.room("xehyBK", sequence: 1, members: 1)), .terminal).output
        == "You are in xehyBK; others enter it with /join xehyBK")
    #expect(
      Self.render(.session(.room("#swift", sequence: 1, members: 1)), .terminal).output
        == "You are in #swift")
    for (room, text): (String, String?) in [
      ("lobby", nil), ("", nil), ("#swift", "You are in #swift"),
      ("xehyBK", "You are in xehyBK; others enter it with /join xehyBK"),
    ] {
      let line = ServerLine.session(.welcome(room: room, sequence: 1, members: 1, maxFileBytes: 0))
      #expect(Self.render(line, .terminal).output == text)
    }
  }

  @Test("the client's own notices: a sentence, on standard error, or an event")
  func notices() {
    for (notice, terminal, plain, json): (Notice, String, String?, String?) in [
      (
        .connectionLost, "* connection lost, trying again…", "connection lost, trying again…",
        #"{"event":"disconnected"}"#
      ),
      (.connectedAgain, "* connected again", "connected again", #"{"event":"reconnected"}"#),
      (
        .missed(1), "* 1 line said meanwhile is no longer available",
        "1 line said meanwhile is no longer available",
        #"{"event":"notice","text":"1 line said meanwhile is no longer available"}"#
      ),
      (.nothingFound, "* nothing found", nil, nil),
    ] {
      let render = { Renderer(style: $0) { $0 }.render(notice) }
      #expect(render(.terminal) == .init(output: terminal))
      #expect(render(.plain) == .init(error: plain))
      #expect(render(.json) == .init(output: json))
    }
  }

  @Test("files: what a person, a script and a program read")
  func files() {
    let zeros = String(repeating: "0", count: 64)
    let offer = SharedFile(
      id: "k3", name: "../a b.png", sender: "bob", sizeBytes: 1_200,
      digest: SHA256Digest(InlineArray(repeating: 0)))
    for (notice, terminal, plain, json): (TransferNotice, String?, String?, String?) in [
      (
        .offered(offer, isFetched: false), "* bob offers a b.png (1.2 kB): /get k3",
        "bob offers a b.png (1.2 kB): /get k3",
        #"{"event":"offer","from":"bob","id":"k3","name":"a b.png","sha256":"\#(zeros)","size":1200}"#
      ),
      (
        .offered(offer, isFetched: true), nil, nil,
        #"{"event":"offer","from":"bob","id":"k3","name":"a b.png","sha256":"\#(zeros)","size":1200}"#
      ),
      (
        .saved(id: "k3", name: "received_a", path: Array("x/received_a".utf8), size: 5),
        "* saved received_a (5 B)", "saved received_a (5 B)",
        #"{"event":"saved","id":"k3","name":"received_a","path":"x/received_a","size":5}"#
      ),
      (
        .sent(id: "k3", name: "a", size: 5), "* sent a (5 B)", nil,
        #"{"event":"sent","id":"k3","name":"a","size":5}"#
      ),
      (
        .failed(name: "a", text: "no"), "! a: no", "a: no",
        #"{"event":"transfer-failed","name":"a","text":"no"}"#
      ),
      (
        .delivered(name: "a", have: 1, of: 2), nil, nil,
        #"{"event":"delivered","have":1,"name":"a","of":2}"#
      ),
      (
        .delivered(name: "a", have: 2, of: 2), "* a: 2 of 2 have it", "a: 2 of 2 have it",
        #"{"event":"delivered","have":2,"name":"a","of":2}"#
      ),
      (
        .passedOver(offer, .tooLarge), "* bob offers a b.png (1.2 kB): larger than --auto-accept",
        "bob offers a b.png (1.2 kB): larger than --auto-accept",
        #"{"event":"offer","from":"bob","id":"k3","name":"a b.png","sha256":"\#(zeros)","size":1200}"#
      ),
      (.files([]), "* no files here", nil, #"{"event":"files-end"}"#),
      (
        .files([.init(offer, time: "T")]), "* k3  1.2 kB  a b.png  bob  (T)", nil,
        #"{"event":"files-end"}"#
      ),
    ] {
      let render = { Renderer(style: $0) { "(\($0))" }.render(.transfer(notice)) }
      #expect(render(.terminal) == .init(output: terminal))
      #expect(render(.plain) == .init(error: plain))
      #expect(render(.json) == .init(output: json))
    }
  }

  @Test("a program gets one JSON object a line")
  func json() {
    for (line, json): (ServerLine, String?) in [
      (
        .room(.said(by: "bob", text: "a \"quote\" \\ \t/")),
        #"{"event":"message","from":"bob","text":"a \"quote\" \\ \t/"}"#
      ),
      (.room(.joined("bob")), #"{"event":"joined","nick":"bob"}"#),
      (.room(.renamed(from: "a", to: "b")), #"{"event":"renamed","from":"a","to":"b"}"#),
      (
        .session(.welcome(room: "lobby", sequence: 3, members: 2, maxFileBytes: 0)),
        #"{"event":"welcome","members":2,"room":"lobby","seq":3}"#
      ),
      (
        .message(from: "a", to: "b", text: "x"),
        #"{"event":"private","from":"a","text":"x","to":"b"}"#
      ),
      (.reply(.who(["a", "b"], isLast: true)), #"{"event":"who","nicks":["a","b"]}"#),
      (.reply(.rooms(["lobby=3"], isLast: true)), ##"{"event":"rooms","rooms":{"lobby":3}}"##),
      (
        .control(.error(code: "bad-tag", reason: "no")),
        #"{"code":"bad-tag","event":"error","text":"no"}"#
      ),
      (
        .reply(.past("bob: hi", sequence: 3, time: "T")),
        #"{"event":"past","line":{"event":"message","from":"bob","text":"hi"},"#
          + #""seq":3,"text":"bob: hi","time":"T"}"#
      ),
      (.reply(.pastEnd), #"{"event":"past-end"}"#),
      (.session(.connected), nil), (.unknown("[NEW]:x", isTagged: true), nil),
    ] {
      #expect(Self.render(line, .json) == .init(output: json))
    }
  }
}

/// Who could put words into the client's mouth.
@Suite("Reserved names")
struct ReservedNameTests {
  @Test(
    "nobody can be called what the client prints in front of a colon, or calls the person itself")
  func prefixes() throws {
    let lines: [ServerLine] = [
      .reply(.who(["a"], isLast: true)), .reply(.rooms(["lobby=1"], isLast: true)),
      .control(.notice("x")),
      .control(.error(code: "x", reason: "no")), .session(.room("#a", sequence: 1, members: 1)),
      .session(.youAreIn("lobby")),
      .message(from: "alice", to: "bob", text: "x"), .message(from: "bob", to: "alice", text: "x"),
      .session(.connected), .session(.goodbye),
      .session(.welcome(room: "#a", sequence: 1, members: 1, maxFileBytes: 0)),
    ]
    let notices: [Notice] = [
      .connectionLost, .connectedAgain, .roomGone("x"), .missed(1), .historyRestarted,
      .messageUnsure(to: "x"), .linesUnsure(1), .notAnswered(1), .linesDropped(1), .nothingFound,
      .transfer(.remark("x: y")), .transfer(.failed(name: "here", text: "no")),
      .transfer(.delivered(name: "here", have: 1, of: 1)),
    ]
    var words: Set<String> = []
    for style in [Renderer.Style.terminal, .plain] {
      let renderer = Renderer(style: style) { "\($0)" }
      let outputs =
        lines.map { renderer.render($0, nickname: "alice") } + notices.map(renderer.render)
      // What goes to standard error has the program's name in front.
      for output in outputs {
        let text = output.output ?? output.error.map { "chat-client: \($0)" } ?? ""
        guard let word = text.split(separator: " ").first else { continue }
        if word.hasSuffix(":") { words.insert(String(word.dropLast())) }
        if word.lowercased() == "you" { words.insert(String(word)) }
      }
    }
    #expect(words.isSuperset(of: ["Here", "Rooms", "you", "chat-client"]))
    for word in words where (try? Nickname.spelled(word)) != nil {
      #expect(throws: Refusal.self, "\(word)") { try Nickname(word) }
    }
  }
}
