import Foundation
import TestKit
import Testing

/// The real client at servers that are none of this kind.
@Suite("The client at another kind of server", .timeLimit(.minutes(2)))
struct ClientStrangerTests {
  private static func expectRefused(
    _ client: Program, _ reason: String, by server: FakeServer, shown: String = ""
  ) throws {
    #expect(try client.rest() == shown)
    #expect(try client.exitCode(within: 40) == 69)
    #expect(client.errors == "chat-client: \(server.address) \(reason)\n")
  }

  /// The client has ended without a word. What it did not read may have reset the connection.
  private static func expectNothingSaid(to server: FakeServer) throws {
    if let line = try? server.line() { Issue.record("it was told '\(line)'") }
  }

  @Test(
    "whoever begins with anything but NICK is told from a chat server at once, and not shown",
    arguments: [
      "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "220 mail.example ESMTP\r\n", "\u{16}\u{3}\u{1}",
      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>hi</html>\n", "\n", "\u{0}\u{0}",
      "alice joined!\nConnected to server!\n", "NICKNAME?\n", "NICKS", "Welcome!\nNICK\n", "[[[[",
      "[x]: y\n", String(repeating: "x", count: 100_000), "[" + String(repeating: "A", count: 90),
    ])
  func banner(_ text: String) throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept")
    try server.send(bytes: Array(text.utf8))
    try Self.expectRefused(
      alice, "is no chat server of this kind: it does not begin with NICK", by: server)
    try Self.expectNothingSaid(to: server)
  }

  @Test("whoever says nothing is not spoken to")
  func silent() throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept")
    try Self.expectRefused(
      alice, "says nothing for 15 s: it may be no chat server", by: server)
    try Self.expectNothingSaid(to: server)
  }

  @Test("whoever ends the connection before it begins takes nobody")
  func ended() throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept\ncut")
    try Self.expectRefused(
      alice, "closed the connection at once: it may be no chat server", by: server)
  }

  @Test("a textbook server that ends no line is not told a nickname that is none")
  func withoutLines() throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept\nS~ NICK")
    try Self.expectRefused(
      alice, "is a chat server without line ends, which this client does not speak with",
      by: server)
    try Self.expectNothingSaid(to: server)
  }

  @Test(
    "one that ends its lines, and takes [HELLO] for a nickname, is left",
    arguments: ["[HELLO]:1 joined!", "[HELLO]:1\nS> alice joined!", "[HELLO]:1: alice"])
  func withLines(_ answer: String) throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play(
      """
      accept
      S> NICK
      C< [HELLO]:1
      C< alice
      S> \(answer)
      S> Connected to server!
      """)
    try Self.expectRefused(
      alice, "is a chat server that does not know [HELLO]; join it with nc", by: server)
  }

  @Test(
    "what an echo, or anybody, answers to the nickname is not shown",
    arguments: ["alice\n", "what?\n", "bob: hi\n", "alice is now bob\n"])
  func answers(_ text: String) throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept\nS> NICK\nC< [HELLO]:1\nC< alice")
    try server.send(bytes: Array(text.utf8))
    try Self.expectRefused(
      alice, "is no chat server of this kind: it does not let us join", by: server)
  }

  @Test("NICK may come in pieces, or with CR LF, and be preceded by tagged lines")
  func pieces() throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept\nS~ NI")
    try eventually("it waits") { alice.errors.isEmpty }
    try server.play("S~ CK\nS> \r")
    try server.play("C< [HELLO]:1\nC< alice\nS> alice joined!")
    try server.play(
      """
      S> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0
      S> Connected to server!
      """)
    #expect(try ClientScript.finish(alice, server) == "alice joined!\n")
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    try server.play("accept\nS> [ERROR]:the server is full⇥code=server-full")
    #expect(try bob.exitCode() == 69)
    #expect(bob.errors == "chat-client: the server is full\n")
  }

  @Test("nothing is said before NICK, and the next host is tried where there is none")
  func next() throws {
    let (stranger, server) = (try FakeServer(), try TestServer())
    let alice = try Program(
      "chat-client", ["--nick", "alice", stranger.address, server.address])
    try stranger.play("accept\nS> SSH-2.0-x")
    try Self.expectNothingSaid(to: stranger)
    #expect(try alice.line() == "alice joined!")
    try alice.endInput()
    #expect(try alice.exitCode() == 0)
  }
}
