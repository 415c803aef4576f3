import Foundation
import TestKit
import Testing

/// The real client, whose connection is lost, against a server that does as it is told.
@Suite("A lost connection", .timeLimit(.minutes(1)))
struct ReturnTests {
  /// What every connection begins with, and how alice came in: her join is number 7.
  private static let firstEntry = """
    accept
    S> NICK
    C< [HELLO]:1
    C< alice
    S> alice joined!
    S> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0
    S> Connected to server!
    """

  /// How she comes back, up to the missed lines.
  private static func entry(since: Int, join: Int, room: String = "lobby") -> String {
    """
    accept
    S> NICK
    C< [HELLO]:1
    C< [ROOM]:\(room)⇥since=\(since)
    C< alice
    S> alice joined!
    S> [WELCOME]:1⇥room=\(room)⇥seq=\(join)⇥members=1⇥max-file=0
    S> Connected to server!
    C< [PING]:chat-client-missed
    """
  }

  private static let missedEnd = """
    S> [PAST]:⇥end=1
    S> [PONG]:chat-client-missed
    """

  /// How she leaves at the end of input, having asked so many questions before.
  private static func departure(questions: Int = 0) -> String {
    """
    C< [PING]:chat-client-sent-\(questions + 1)
    S> [PONG]:chat-client-sent-\(questions + 1)
    C< [QUIT]:
    S> Bye!
    cut
    """
  }

  private static func past(_ sequence: Int, _ text: String) -> String {
    "S> [PAST]:\(text)⇥seq=\(sequence)⇥time=2026-01-31T12:00:00.000Z"
  }

  private func alice(_ server: FakeServer, _ flags: String...) throws -> Program {
    try Program("chat-client", ["--nick", "alice"] + flags + [server.address])
  }

  /// Ends the input, lets the server see alice off, and takes the rest of what she shows.
  private func finish(_ alice: Program, _ server: FakeServer, questions: Int = 0) throws -> String {
    try alice.endInput()
    try server.play(Self.departure(questions: questions))
    let rest = try alice.rest()
    #expect(try alice.exitCode() == 0)
    return rest
  }

  @Test("what was missed is shown once, in order, before the own join and what follows")
  func missed() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try server.play(
      """
      S> bob: one
      S> bob: two
      S~ bob: thr
      cut
      """)
    try server.play(Self.entry(since: 9, join: 13))
    try server.play(Self.past(10, "bob: three"))
    try server.play(Self.past(11, "alice left!"))
    try server.play(Self.past(12, "bob sent photo.png (48 kB)"))
    try server.play(Self.missedEnd)
    try server.play("S> bob: live")
    #expect(
      try finish(alice, server) == """
        alice joined!
        bob: one
        bob: two
        bob: three
        alice left!
        bob sent photo.png (48 kB)
        alice joined!
        bob: live

        """)
    #expect(
      alice.errors == """
        chat-client: connection lost, trying again…
        chat-client: connected again

        """)
  }

  @Test("cut again among the missed lines, it asks for what it has not shown")
  func cutAmongMissed() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try server.play("cut")
    try server.play(Self.entry(since: 7, join: 20))
    try server.play(Self.past(8, "bob: eight"))
    try server.play("S~ [PAST]:bob: ni")
    try server.play(Self.entry(since: 8, join: 22))
    // One too many at either end is not shown twice.
    for (number, text) in [(8, "bob: eight"), (9, "bob: nine"), (22, "alice joined!")] {
      try server.play(Self.past(number, text))
    }
    try server.play(Self.missedEnd)
    // From here the lines are counted again.
    try server.play("S> bob: live")
    try server.play(Self.entry(since: 23, join: 24))
    try server.play(Self.missedEnd)
    #expect(
      try finish(alice, server)
        == "alice joined!\nbob: eight\nbob: nine\nalice joined!\nbob: live\nalice joined!\n")
    #expect(alice.errors.contains("12 lines said meanwhile can't be had any more"))
  }

  @Test("cut in the handshake, it tries again")
  func cutInHandshake() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    for script in [
      "accept\nS~ NIC", "accept\nS> [ERROR]:the server is full⇥code=server-full",
      "accept\nS> NICK\nS> alice joined!",
      "accept\nS> NICK\nS> alice joined!\nS> [WELCOME]:1⇥room=lobby⇥seq=9⇥members=1⇥max-file=0",
    ] {
      try server.play(script)
    }
    try server.play(Self.entry(since: 7, join: 9))
    try server.play(Self.past(8, "alice left!"))
    try server.play(Self.missedEnd)
    #expect(try finish(alice, server) == "alice joined!\nalice left!\nalice joined!\n")
    #expect(
      alice.errors == """
        chat-client: connection lost, trying again…
        chat-client: connected again

        """)
  }

  @Test("an own line is sent again exactly if it has not arrived; equal ones are counted")
  func ownLines() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try alice.type("ok\nok\na\tb\n[WHO]:\nok\n")
    try server.play(
      """
      C< ok
      C< ok
      C< a⇥b
      C< [WHO]:
      C< ok
      S> alice: ok
      S~ alice:
      cut
      """)
    try server.play(Self.entry(since: 8, join: 12))
    try server.play(Self.past(9, "alice: ok"))
    try server.play(Self.past(10, "alice: a b"))
    try server.play(Self.past(11, "alice left!"))
    try server.play(Self.missedEnd)
    try server.play("C< ok\nS> alice: ok")
    #expect(
      try finish(alice, server) == """
        alice joined!
        alice: ok
        alice: ok
        alice: a b
        alice left!
        alice joined!
        alice: ok

        """)
  }

  @Test("input that ends while the connection is lost still comes back before it leaves")
  func endWhileAway() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try alice.type("one\n")
    try server.play("C< one\nstop\ncut")
    #expect(try alice.line() == "alice joined!")
    try eventually("it is told") { alice.errors.contains("connection lost") }
    try alice.type("two\n")
    try alice.endInput()
    try server.play("listen")
    try server.play(Self.entry(since: 7, join: 9))
    try server.play(Self.past(8, "alice left!"))
    try server.play(Self.missedEnd)
    try server.play("C< one\nC< two\nC< [PING]:chat-client-sent-1\ncut")
    try server.play(Self.entry(since: 9, join: 12))
    try server.play(Self.past(10, "alice: one"))
    try server.play(Self.past(11, "alice left!"))
    try server.play(Self.missedEnd)
    try server.play("C< two\nS> alice: two")
    try server.play(Self.departure(questions: 1))
    #expect(
      try alice.rest() == """
        alice left!
        alice joined!
        alice: one
        alice left!
        alice joined!
        alice: two

        """)
    #expect(try alice.exitCode() == 0)
  }

  @Test("a nickname that the lost connection still holds is asked for again")
  func nicknameInUse() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    for _ in 1...3 {
      try server.play(
        """
        accept
        S> NICK
        C< [HELLO]:1
        C< [ROOM]:lobby⇥since=7
        C< alice
        S> [ERROR]:the nickname 'alice' is in use⇥code=nick-in-use
        """)
    }
    try server.play(Self.entry(since: 7, join: 8))
    try server.play(Self.missedEnd)
    #expect(try finish(alice, server) == "alice joined!\nalice joined!\n")
    #expect(!alice.errors.contains("in use"))
  }

  @Test(
    "a nickname or password refused for good ends it with 77",
    arguments: ["nick-invalid", "password-wrong", "password-required"])
  func refused(_ code: String) throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try server.play("accept\nS> NICK\nC< [HELLO]:1\nS> [ERROR]:no⇥code=\(code)")
    #expect(try alice.exitCode() == 77)
    #expect(alice.errors.hasSuffix("chat-client: no\n"))
  }

  @Test("--no-reconnect ends with 1 instead")
  func noReconnect() throws {
    let server = try FakeServer()
    let alice = try alice(server, "--no-reconnect")
    try server.play(Self.firstEntry)
    try server.play("S> [ERROR]:you read too slowly⇥code=slow-consumer\ncut")
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors == "chat-client: you read too slowly\nchat-client: the connection is lost\n")
  }

  @Test("a server that stops is waited for")
  func restart() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try server.play(
      "S> bob: one\nS> [ERROR]:the server is shutting down⇥code=shutting-down\nstop\ncut")
    try eventually("it is told") { alice.errors.contains("trying again") }
    try server.play("listen")
    // It has forgotten everything, and counts from the beginning.
    try server.play(Self.entry(since: 8, join: 2))
    try server.play(Self.past(1, "bob joined!"))
    try server.play(Self.missedEnd)
    try server.play("S> bob: two")
    try server.play(Self.entry(since: 3, join: 4))
    try server.play(Self.missedEnd)
    #expect(
      try finish(alice, server)
        == "alice joined!\nbob: one\nbob joined!\nalice joined!\nbob: two\nalice joined!\n")
    #expect(alice.errors.contains("the server began anew"))
  }

  @Test("a server that knows no since= is lived with: what it does not bring is told of")
  func noHistory() throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try alice.type("mine\n")
    try server.play("C< mine")
    try server.play(Self.entry(since: 7, join: 9))
    try server.play("S> bob: live\nS> [PONG]:chat-client-missed\nC< mine\nS> alice: mine")
    #expect(
      try finish(alice, server) == "alice joined!\nalice joined!\nbob: live\nalice: mine\n")
    #expect(alice.errors.contains("chat-client: 1 line said meanwhile can't be had any more\n"))
  }

  @Test("SIGINT, SIGTERM while it waits end it at once", arguments: [SIGINT, SIGTERM])
  func signals(_ signal: Int32) throws {
    let server = try FakeServer()
    let alice = try alice(server)
    try server.play(Self.firstEntry)
    try server.play("stop\ncut")
    try eventually("it is told") { alice.errors.contains("trying again") }
    alice.signal(signal)
    #expect(try alice.exitCode(within: 2) == -signal)
  }

  @Test("a person who leaves while it waits does not wait", arguments: ["/quit\n", "\u{4}"])
  func leaveWhileAway(_ keys: String) throws {
    let server = try FakeServer()
    let alice = try Terminal("chat-client", ["--nick", "alice", server.address])
    try server.play(Self.firstEntry)
    try alice.see("Connected to server!")
    try server.play("stop\ncut")
    try alice.see("* connection lost, trying again…\r\n")
    try alice.type(keys)
    #expect(try alice.exitCode() == 0)
  }

  @Test("a person sees where the connection was lost, and what was missed")
  func terminal() throws {
    let server = try FakeServer()
    let alice = try Terminal("chat-client", ["--nick", "alice", server.address])
    try server.play(Self.firstEntry)
    try alice.see("Connected to server!\r\n")
    try alice.type("/msg bob psst\n")
    try server.play("C< [MSG]:bob psst\nC< [PING]:chat-client-sent-1\ncut")
    try server.play(Self.entry(since: 7, join: 9))
    try server.play(Self.past(8, "bob: hi"))
    try server.play(Self.missedEnd)
    try alice.see(
      [
        "* connection lost, trying again…", "bob: hi", "alice joined!", "* connected again",
        "* your message to bob may not have arrived", "",
      ].joined(separator: "\r\n"))
    try alice.type("[WHO]:\n")
    try server.play("C< alice: [WHO]:")
  }

  @Test("--json tells of both as events")
  func json() throws {
    let server = try FakeServer()
    let alice = try alice(server, "--json")
    try server.play(Self.firstEntry)
    try server.play(Self.entry(since: 7, join: 9))
    try server.play(Self.past(8, "bob: hi"))
    try server.play(Self.missedEnd)
    #expect(
      try finish(alice, server) == """
        {"event":"joined","nick":"alice"}
        {"event":"welcome","members":1,"room":"lobby","seq":7}
        {"event":"disconnected"}
        {"event":"message","from":"bob","text":"hi"}
        {"event":"joined","nick":"alice"}
        {"event":"welcome","members":1,"room":"lobby","seq":9}
        {"event":"reconnected"}
        {"event":"bye"}

        """)
    #expect(alice.errors == "")
  }
}
