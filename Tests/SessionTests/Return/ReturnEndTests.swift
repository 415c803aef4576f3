import Foundation
import TestKit
import Testing

/// The real client, whose connection is lost: how long it tries, and what ends it.
@Suite("Trying to come back", .timeLimit(.minutes(1)))
struct ReturnEndTests {
  @Test("a nickname that the lost connection still holds is asked for again")
  func nicknameInUse() throws {
    let (server, alice) = try ClientScript.enter()
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
    try server.play(ClientScript.entry(since: 7, join: 8, missed: [:]))
    #expect(try ClientScript.finish(alice, server) == "alice joined!\nalice joined!\n")
    #expect(!alice.errors.contains("in use"))
  }

  @Test(
    "a nickname or password refused for good ends it with 77",
    arguments: ["nick-invalid", "password-wrong", "password-required"])
  func refused(_ code: String) throws {
    let (server, alice) = try ClientScript.enter()
    try server.play("accept\nS> NICK\nC< [HELLO]:1\nS> [ERROR]:no⇥code=\(code)")
    #expect(try alice.exitCode() == 77)
    #expect(alice.errors.hasSuffix("chat-client: no\n"))
  }

  @Test("--no-reconnect ends with 1 instead")
  func noReconnect() throws {
    let (server, alice) = try ClientScript.enter("--no-reconnect")
    try server.play("S> [ERROR]:you read too slowly⇥code=slow-consumer\ncut")
    #expect(try alice.exitCode() == 1)
    #expect(
      alice.errors == "chat-client: you read too slowly\nchat-client: the connection is lost\n")
  }

  @Test("a server that stops is waited for")
  func restart() throws {
    let (server, alice) = try ClientScript.enter()
    try server.play(
      "S> bob: one\nS> [ERROR]:the server is shutting down⇥code=shutting-down\nstop\ncut")
    try eventually("it is told") { alice.errors.contains("trying again") }
    try server.play("listen")
    // It has forgotten everything, and counts from the beginning.
    try server.play(ClientScript.entry(since: 8, join: 2, missed: [1: "bob joined!"]))
    try server.play("S> bob: two")
    try server.play(ClientScript.entry(since: 3, join: 4, missed: [:]))
    #expect(
      try ClientScript.finish(alice, server)
        == "alice joined!\nbob: one\nbob joined!\nalice joined!\nbob: two\nalice joined!\n")
    #expect(alice.errors.contains("the server started again"))
  }

  @Test("a server that knows no since= is lived with: what it does not bring is told of")
  func noHistory() throws {
    let (server, alice) = try ClientScript.enter()
    try server.play(ClientScript.entry(since: 7, join: 9))
    try alice.type("mine\n")
    try server.play("S> bob: live\nS> [PONG]:chat-client-missed\nC< mine\nS> alice: mine")
    #expect(
      try ClientScript.finish(alice, server)
        == "alice joined!\nalice joined!\nbob: live\nalice: mine\n")
    #expect(alice.errors.contains("chat-client: 1 line said meanwhile is no longer available\n"))
  }

  @Test("SIGINT, SIGTERM while it waits end it at once", arguments: [SIGINT, SIGTERM])
  func signals(_ signal: Int32) throws {
    let (server, alice) = try ClientScript.enter()
    try server.play("stop\ncut")
    try eventually("it is told") { alice.errors.contains("trying again") }
    alice.signal(signal)
    #expect(try alice.exitCode(within: 2) == -signal)
  }

  @Test("a person who leaves while it waits does not wait", arguments: ["/quit\n", "\u{4}"])
  func leaveWhileAway(_ keys: String) throws {
    let (server, alice) = try ClientScript.enterAtTerminal()
    try server.play("stop\ncut")
    try alice.see("* connection lost, trying again…\r\n")
    try alice.type(keys)
    #expect(try alice.exitCode() == 0)
  }
}
