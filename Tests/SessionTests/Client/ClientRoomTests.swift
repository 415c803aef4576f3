import TestKit
import Testing

/// The real client in rooms and history, against a server that does as it is told.
@Suite("The client in rooms", .timeLimit(.minutes(1)))
struct ClientRoomTests {
  private static func entry(_ nickname: String, _ room: String = "") -> String {
    """
    accept
    S> NICK
    C< [HELLO]:1
    \(room.isEmpty ? "" : "C< [ROOM]:\(room)")
    C< \(nickname)
    S> \(nickname) joined!
    S> [WELCOME]:1⇥room=\(room.isEmpty ? "lobby" : room)⇥seq=1⇥members=1⇥max-file=0
    S> Connected to server!
    """
  }

  /// How she comes back, having missed nothing.
  private static func returned(_ nickname: String, _ room: String, since: Int) -> String {
    """
    accept
    S> NICK
    C< [HELLO]:1
    C< [ROOM]:\(room)⇥since=\(since)
    C< \(nickname)
    S> \(nickname) joined!
    S> [WELCOME]:1⇥room=\(room)⇥seq=\(since + 1)⇥members=1⇥max-file=0
    S> Connected to server!
    C< [PING]:chat-client-missed
    S> [PAST]:⇥end=1
    S> [PONG]:chat-client-missed
    """
  }

  private func alice(_ server: FakeServer, _ flags: String...) throws -> Program {
    try Program("chat-client", ["--nick", "alice"] + flags + [server.address])
  }

  @Test("a person makes a private room, is told its code, moves on, and looks back")
  func terminal() throws {
    let server = try FakeServer()
    // Two hours east of Greenwich.
    let alice = try Terminal(
      "env",
      ["TZ=UTC-2", try Program.path(of: "chat-client"), "--nick", "alice", server.address])
    try server.play(Self.entry("alice"))
    try alice.see("Connected to server!\r\n")
    try alice.type("/new\n")
    try server.play(
      """
      C< [NEWROOM]:
      C< [PING]:chat-client-sent-1
      S> alice joined!
      S> [ROOM]:xehyBK⇥seq=1⇥members=1
      S> [PONG]:chat-client-sent-1
      """)
    try alice.see("alice joined!\r\nYou are in xehyBK; others enter it with /join xehyBK\r\n")
    try alice.type("/join #swift\n")
    try server.play(
      """
      C< [ROOM]:#swift
      C< [PING]:chat-client-sent-2
      S> alice joined!
      S> [ROOM]:#swift⇥seq=40⇥members=2
      S> [PONG]:chat-client-sent-2
      """)
    try alice.see("alice joined!\r\nYou are in #swift\r\n")
    try alice.type("/join nowhere\n")
    try server.play(
      """
      C< [ROOM]:nowhere
      C< [PING]:chat-client-sent-3
      S> [ERROR]:there is no such room⇥code=room-not-found
      S> [PONG]:chat-client-sent-3
      """)
    try alice.see("! there is no such room\r\n")
    try alice.type("/history 2\n")
    try server.play(
      """
      C< [HISTORY]:2
      S> [PAST]:bob: red wine⇥seq=39⇥time=2020-01-31T12:00:00.000Z
      S> [PAST]:alice joined!⇥seq=40⇥time=2020-01-31T23:59:30.000Z
      S> [PAST]:⇥end=1
      """)
    try alice.see("2020-01-31 14:00 bob: red wine\r\n2020-02-01 01:59 alice joined!\r\n")
    try alice.type("/search green\n")
    try server.play("C< [SEARCH]:green\nS> [PAST]:⇥end=1")
    try alice.see("* nothing found\r\n")
    // She comes back to where she was.
    try server.play("S> bob: hi")
    try server.play(Self.returned("alice", "#swift", since: 41))
    try alice.see("* connected again\r\n")
  }

  @Test("--room enters a room, whose code a person is shown")
  func roomFlag() throws {
    let server = try FakeServer()
    let alice = try Terminal(
      "chat-client", ["--nick", "alice", "--room", "xehyBK", server.address])
    try server.play(Self.entry("alice", "xehyBK"))
    try alice.see("You are in xehyBK; others enter it with /join xehyBK\r\nConnected to server!")
  }

  @Test("through a pipe, lines of history are printed as what was said")
  func pipe() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.entry("alice"))
    try alice.type("[HISTORY]:5\n[SEARCH]:x\n")
    try alice.endInput()
    try server.play(
      """
      C< [HISTORY]:5
      C< [SEARCH]:x
      C< [PING]:chat-client-sent-1
      S> [PAST]:bob: one⇥seq=1⇥time=2020-01-31T12:00:00.000Z
      S> [PAST]:bob left!⇥seq=2⇥time=2020-01-31T12:00:00.000Z
      S> [PAST]:⇥end=1
      S> [PAST]:⇥end=1
      S> [PONG]:chat-client-sent-1
      C< [QUIT]:
      S> Bye!
      cut
      """)
    #expect(try alice.rest() == "alice joined!\nbob: one\nbob left!\n")
    #expect(try alice.exitCode() == 0)
    #expect(alice.errors == "")
  }

  @Test("what is said after a move goes to the new room, also if the move was lost")
  func lostMove() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.entry("alice"))
    try alice.type("to the lobby\n[ROOM]:#swift\nto swift\n")
    try alice.endInput()
    try server.play(
      """
      C< to the lobby
      C< [ROOM]:#swift
      C< [PING]:chat-client-sent-1
      S> alice: to the lobby
      S> bob: hi
      S> alice joined!
      cut
      """)
    // Her join of the other room is no line of the lobby's.
    try server.play(Self.returned("alice", "lobby", since: 3))
    try server.play(
      """
      C< [ROOM]:#swift
      C< [PING]:chat-client-sent-2
      S> alice joined!
      S> [ROOM]:#swift⇥seq=9⇥members=1
      S> [PONG]:chat-client-sent-2
      C< to swift
      C< [PING]:chat-client-sent-3
      cut
      """)
    try server.play(Self.returned("alice", "#swift", since: 9))
    try server.play(
      """
      C< to swift
      C< [PING]:chat-client-sent-4
      S> alice: to swift
      S> [PONG]:chat-client-sent-4
      C< [QUIT]:
      S> Bye!
      cut
      """)
    #expect(try alice.rest().hasSuffix("alice: to swift\n"))
    #expect(try alice.exitCode() == 0)
  }

  @Test("it comes back under the nickname it has now")
  func renamed() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.entry("alice"))
    try alice.type("[NICK]:Bob\nhi\n")
    try server.play(
      """
      C< [NICK]:Bob
      C< [PING]:chat-client-sent-1
      S> alice is now Bob
      C< hi
      S> [PONG]:chat-client-sent-1
      cut
      """)
    try server.play(Self.returned("Bob", "lobby", since: 2))
    try server.play("C< hi")
  }

  @Test(
    "a private room that is gone: a person is led to the lobby, and says nothing there by mistake",
    arguments: [
      // A server that refuses the room at once, and then takes the nickname.
      """
      S> alice joined!
      S> [WELCOME]:1⇥room=lobby⇥seq=1⇥members=1⇥max-file=0
      S> Connected to server!
      """,
      // One that refuses both at once, and waits.
      entry("alice"),
    ])
  func roomGone(letIn: String) throws {
    let server = try FakeServer()
    let alice = try Terminal(
      "chat-client", ["--nick", "alice", "--room", "xehyBK", server.address])
    try server.play(Self.entry("alice", "xehyBK"))
    try alice.see("Connected to server!")
    try alice.type("a secret\n")
    try server.play("C< a secret")
    try server.play(Self.roomGone)
    try server.play(letIn)
    try alice.see(
      [
        "* the room xehyBK is gone; you are in the lobby", "* 1 line for that room was not sent",
        "",
      ].joined(separator: "\r\n"))
    try alice.type("hello\n\u{4}")
    try server.play(
      """
      C< hello
      C< [PING]:chat-client-sent-1
      S> alice: hello
      S> [PONG]:chat-client-sent-1
      C< [QUIT]:
      S> Bye!
      cut
      """)
    // A line was lost: that is no success.
    #expect(try alice.exitCode() == 1)
  }

  /// How alice, who comes back, is told that her room is gone.
  private static let roomGone = """
    accept
    S> NICK
    C< [HELLO]:1
    C< [ROOM]:xehyBK⇥since=1
    C< alice
    S> [ERROR]:there is no such room⇥code=room-not-found
    S> NICK
    """

  @Test("a private room that is gone ends a script: what it says is for nobody else")
  func roomGoneForScript() throws {
    let server = try FakeServer()
    let alice = try alice(server, "--room", "xehyBK")
    try server.play(Self.entry("alice", "xehyBK"))
    try alice.type("a secret\n")
    try server.play("C< a secret")
    try alice.type("[MSG]:bob another\n")
    try server.play(Self.roomGone)
    try server.play("C< (end)")
    #expect(try alice.rest() == "alice joined!\n")
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors == """
        chat-client: connection lost, trying again…
        chat-client: the room xehyBK is gone; not known to have arrived: 1 line, 1 private message

        """)
  }

  @Test(
    "a move refused ends a script: what follows was meant for another room",
    arguments: ["[ROOM]:nowhere", "[NEWROOM]:"])
  func refusedMove(_ move: String) throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.entry("alice"))
    try alice.type("one\n\(move)\na secret\n")
    try server.play(
      """
      C< one
      C< \(move)
      C< [PING]:chat-client-sent-1
      S> alice: one
      S> [ERROR]:there is no such room⇥code=room-not-found
      S> [PONG]:chat-client-sent-1
      C< (end)
      """)
    #expect(try alice.rest() == "alice joined!\nalice: one\n")
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors == """
        chat-client: there is no such room
        chat-client: what follows a refused room is not sent; not known to have arrived: 1 line

        """)
  }
}
