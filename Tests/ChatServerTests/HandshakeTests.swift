import ChatCore
import ChatServer
import Testing

@Suite("Handshake")
struct HandshakeTests {
  private static func receive(
    _ text: String, in handshake: inout Handshake
  ) -> Handshake.Step {
    let line: Result<ClientLine, Refusal>
    do { line = .success(try ClientLine(Array(text.utf8).span)) } catch { line = .failure(error) }
    return handshake.receive(line, text: text) { $0.text != "nowher" }
  }

  private static func code(_ step: Handshake.Step) -> String? {
    guard case .answer(let lines) = step, case .control(.error(let code, _)) = lines.first,
      lines.dropFirst() == [.session(.nicknameWanted)]
    else { return nil }
    return code
  }

  @Test("a nickname is all it takes")
  func nickname() throws {
    var handshake = Handshake()
    #expect(Self.receive("", in: &handshake) == .wait)
    #expect(Self.receive("alice", in: &handshake) == .choose(try Nickname("alice")))
    #expect(!handshake.speaksVersion1)
  }

  @Test("what may come before it is taken")
  func before() {
    var handshake = Handshake()
    #expect(Self.receive("[HELLO]:1\tfuture=yes", in: &handshake) == .wait)
    #expect(Self.receive("[PASS]:x", in: &handshake) == .wait)
    #expect(Self.receive("[ROOM]:#Swift\tsince=7", in: &handshake) == .wait)
    #expect(handshake.room.text == "#swift" && handshake.since == 7)
    #expect(Self.receive("[ROOM]:lobby", in: &handshake) == .wait)
    #expect(handshake.room == .lobby && handshake.since == nil)
    #expect(Self.receive("[PING]:x", in: &handshake) == .answer([.control(.pong(token: "x"))]))
    #expect(Self.receive("exit", in: &handshake) == .end([.session(.goodbye)], .left))
    #expect(handshake.speaksVersion1)
  }

  @Test("what may not is refused with its code")
  func refused() {
    for (text, code) in [
      ("a b", "nick-invalid"), (" ", "nick-invalid"), ("[HELLO]:2", "bad-tag"),
      ("[WHO]:", "bad-tag"), ("[MSG]:bob hi", "bad-tag"), ("[FOO]:", "unknown-tag"),
      ("[ROOM]:nowher", "room-not-found"),
      ("[ROOM]:no room", "room-not-found"), ("[ROOM]:lobby\tsince=x", "bad-tag"),
      ("[HISTORY]:5", "bad-tag"), ("[SEARCH]:x", "bad-tag"),
    ] {
      var handshake = Handshake()
      #expect(Self.code(Self.receive(text, in: &handshake)) == code)
    }
  }

  @Test(
    "a request of HTTP is never a nickname, and ends the connection without a word",
    arguments: [
      "GET / HTTP/1.1", "POST /x HTTP/1.0", "POST /a b HTTP/1.1", "PUT / HTTP/2.0",
      // Where the request line was too long to be a line.
      "Host: 127.0.0.1:55555", "host:a",
    ])
  func http(_ text: String) {
    var handshake = Handshake()
    #expect(Self.receive(text, in: &handshake) == .end([], .httpRequest))
    #expect(CloseReason.httpRequest.lastLine == nil)
  }

  @Test("the fifth refusal is the last")
  func five() {
    var handshake = Handshake()
    for _ in 1...4 { #expect(Self.code(Self.receive("a b", in: &handshake)) == "nick-invalid") }
    guard case .end(let lines, .tooManyTries) = Self.receive("a b", in: &handshake) else {
      Issue.record("it goes on")
      return
    }
    #expect(lines.count == 1)
  }
}
