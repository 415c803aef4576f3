import Foundation
import TestKit
import Testing

/// The real client, whose connection is lost, against a server that does as it is told.
@Suite("A lost connection", .timeLimit(.minutes(1)))
struct ReturnTests {
  @Test("what was missed is shown once, in order, before the own join and what follows")
  func missed() throws {
    let (server, alice) = try ClientScript.enter()
    try server.play(
      """
      S> bob: one
      S> bob: two
      S~ bob: thr
      cut
      """)
    try server.play(
      ClientScript.entry(
        since: 9, join: 13,
        missed: [10: "bob: three", 11: "alice left!", 12: "bob sent photo.png (48 kB)"]))
    try server.play("S> bob: live")
    #expect(
      try ClientScript.finish(alice, server) == """
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
    let (server, alice) = try ClientScript.enter()
    try server.play("cut")
    try server.play(ClientScript.entry(since: 7, join: 20))
    try server.play(ClientScript.past(8, "bob: eight"))
    try server.play("S~ [PAST]:bob: ni")
    try server.play(ClientScript.entry(since: 8, join: 22))
    // One too many at either end is not shown twice.
    for (number, text) in [(8, "bob: eight"), (9, "bob: nine"), (22, "alice joined!")] {
      try server.play(ClientScript.past(number, text))
    }
    try server.play(ClientScript.missedEnd)
    // From here the lines are counted again.
    try server.play("S> bob: live")
    try server.play(ClientScript.entry(since: 23, join: 24, missed: [:]))
    #expect(
      try ClientScript.finish(alice, server)
        == "alice joined!\nbob: eight\nbob: nine\nalice joined!\nbob: live\nalice joined!\n")
    #expect(alice.errors.contains("12 lines said meanwhile are no longer available"))
  }

  @Test("cut in the handshake, it tries again")
  func cutInHandshake() throws {
    let (server, alice) = try ClientScript.enter()
    for script in [
      "accept\nS~ NIC", "accept\nS> [ERROR]:the server is full⇥code=server-full",
      "accept\nS> NICK\nS> alice joined!",
      "accept\nS> NICK\nS> alice joined!\nS> [WELCOME]:1⇥room=lobby⇥seq=9⇥members=1⇥max-file=0",
    ] {
      try server.play(script)
    }
    try server.play(ClientScript.entry(since: 7, join: 9, missed: [8: "alice left!"]))
    #expect(try ClientScript.finish(alice, server) == "alice joined!\nalice left!\nalice joined!\n")
    #expect(
      alice.errors == """
        chat-client: connection lost, trying again…
        chat-client: connected again

        """)
  }

  @Test("an own line is sent again exactly if it has not arrived; equal ones are counted")
  func ownLines() throws {
    let (server, alice) = try ClientScript.enter()
    try alice.type("ok\nok\na\tb\n[FOO]:\nok\n")
    try server.play(
      """
      C< ok
      C< ok
      C< a⇥b
      C< [FOO]:
      C< ok
      S> alice: ok
      S~ alice:
      cut
      """)
    try server.play(
      ClientScript.entry(
        since: 8, join: 12, missed: [9: "alice: ok", 10: "alice: a b", 11: "alice left!"]))
    try server.play("C< ok\nS> alice: ok")
    #expect(
      try ClientScript.finish(alice, server) == """
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
    let (server, alice) = try ClientScript.enter()
    try alice.type("one\n")
    try server.play("C< one\nstop\ncut")
    #expect(try alice.line() == "alice joined!")
    try eventually("it is told") { alice.errors.contains("connection lost") }
    try alice.type("two\n")
    try alice.endInput()
    try server.play("listen")
    try server.play(ClientScript.entry(since: 7, join: 9, missed: [8: "alice left!"]))
    try server.play("C< one\nC< two\nC< [PING]:chat-client-sent-1\ncut")
    try server.play(
      ClientScript.entry(since: 9, join: 12, missed: [10: "alice: one", 11: "alice left!"]))
    try server.play("C< two\nS> alice: two")
    try server.play(ClientScript.departure(questions: 1))
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

  @Test("a person sees where the connection was lost, and what was missed")
  func terminal() throws {
    let (server, alice) = try ClientScript.enterAtTerminal()
    try alice.type("/msg bob psst\n")
    try server.play("C< [MSG]:bob psst\nC< [PING]:chat-client-sent-1\ncut")
    try server.play(ClientScript.entry(since: 7, join: 9, missed: [8: "bob: hi"]))
    try alice.see(
      [
        "* connection lost, trying again…", "bob: hi", "alice joined!", "* connected again",
        "* your message to bob may not have arrived", "",
      ].joined(separator: "\r\n"))
    try alice.type("[WHO]:\n")
    try server.play("C< alice: [WHO]:")
  }

  @Test("through a proxy that cuts, everything said arrives once, in order")
  func proxy() throws {
    let server = try TestServer("--rate", "0")
    let proxy = try CuttingProxy(to: server.port)
    let bob = try server.join("bob")
    let alice = try Program("chat-client", ["--nick", "alice", proxy.address])
    try bob.expect("alice joined!")
    for round in 1...5 {
      try alice.type("round \(round)\n")
      try bob.expect("alice: round \(round)")
      while try alice.line() != "alice: round \(round)" {}
      // A cut connection, or one that can't be had for a while.
      if round % 2 == 0 { proxy.cut() } else { proxy.close() }
      try bob.expect("alice left!")
      try alice.type("said meanwhile\n")
      proxy.open()
      try bob.expect("alice joined!")
      try bob.expect("alice: said meanwhile")
    }
    try alice.endInput()
    #expect(try alice.exitCode() == 0)
    try bob.expect("alice left!")
    try eventually("nobody is left") { proxy.connections == 0 }
  }

  @Test("--json tells of both as events")
  func json() throws {
    let (server, alice) = try ClientScript.enter("--json")
    try server.play(ClientScript.entry(since: 7, join: 9, missed: [8: "bob: hi"]))
    #expect(
      try ClientScript.finish(alice, server) == """
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
