import ChatClientModel
import ChatCore
import Testing

@Suite("ClientHandshake")
struct ClientHandshakeTests {
  /// What a client does about each of these lines.
  private static func steps(
    _ lines: String..., isReturning: Bool = false
  ) -> [ClientHandshake.Step] {
    var handshake = ClientHandshake(nickname: "alice", isReturning: isReturning)
    return lines.map {
      let bytes = Array($0.replacing("⇥", with: "\t").utf8)
      return handshake.take(ServerLine(bytes.span))
    }
  }

  private static let gone = "[ERROR]:no such room⇥code=room-not-found"

  @Test("it introduces itself once it is asked, and is in once it is connected")
  func entry() {
    #expect(
      Self.steps(
        "[NOTICE]:soon", "NICK", "alice joined!",
        "[WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0", "bob: hi", "Connected to server!")
        == [.follow, .introduce, .follow, .follow, .follow, .enter])
  }

  @Test("a server that asks again gets the nickname again")
  func askedAgain() {
    #expect(Self.steps("NICK", "NICK") == [.introduce, .sendNickname])
  }

  @Test("an error ends it")
  func refused() {
    #expect(
      Self.steps("NICK", "[ERROR]:taken⇥code=nick-in-use")
        == [.introduce, .refused(code: "nick-in-use", reason: "taken")])
    #expect(
      Self.steps("NICK", Self.gone)
        == [.introduce, .refused(code: "room-not-found", reason: "no such room")])
  }

  @Test("a room to return to that is gone leads to the lobby, once")
  func roomGone() {
    #expect(
      Self.steps("NICK", Self.gone, "NICK", Self.gone, isReturning: true) == [
        .introduce, .roomGone, .ignore,
        .refused(code: "room-not-found", reason: "no such room"),
      ])
  }

  @Test(
    "a server that talks before asking for a nickname is rejected",
    arguments: ["bob: hi", "Connected to server!", "You are in lobby", "Bye!", "welcome"])
  func notAsked(_ line: String) {
    #expect(Self.steps(line) == [.stranger(ClientHandshake.notGreeted)])
  }

  @Test("so is one that does not know [HELLO], or lets others talk before the client has joined")
  func strangers() {
    for line in ["[HELLO]:1 joined!", "[HELLO]:1: hi", "[HELLO]:1"] {
      #expect(
        Self.steps("NICK", line).last
          == .stranger("is a chat server that does not know [HELLO]; join it with nc"), "\(line)")
    }
    #expect(
      Self.steps("NICK", "bob: hi").last
        == .stranger("is no chat server of this kind: it does not let us join"))
  }
}
