import Foundation
import TestKit
import Testing

/// The real client, whose connection is lost, and with it something it said: that is told, and no success.
@Suite("What a lost connection loses", .timeLimit(.minutes(1)))
struct ReturnLossTests {
  @Test(
    "where not all that was missed can be had, what was sent is not sent again, but told of",
    arguments: [
      // A hole before the lines, one among them, one after them, and a server that began anew.
      (10, [9]), (11, [8, 10]), (11, [8, 9]), (10, []), (3, [1, 2]),
    ])
  func unsure(join: Int, missed: [Int]) throws {
    let (server, alice) = try ClientScript.enter()
    try alice.type("mine\n")
    try server.play("C< mine\ncut")
    try eventually("it is told") { alice.errors.contains("connection lost") }
    try alice.type("not sent yet\n")
    try server.play(ClientScript.entry(since: 7, join: join))
    for number in missed { try server.play(ClientScript.past(number, "bob: \(number)")) }
    try server.play(ClientScript.missedEnd)
    try server.play("C< not sent yet\nS> alice: not sent yet")
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("chat-client: 1 line you sent may not have arrived\n"))
    #expect(alice.errors.ranges(of: "no longer available").count == 1)
  }

  @Test("a hole found before the connection was lost again is not forgotten")
  func holeBeforeAnotherLoss() throws {
    let (server, alice) = try ClientScript.enter()
    try alice.type("mine\n")
    try server.play("C< mine")
    try server.play(ClientScript.entry(since: 7, join: 20))
    try server.play(ClientScript.past(10, "bob: ten"))
    try server.play(ClientScript.entry(since: 10, join: 12, missed: [11: "alice left!"]))
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("2 lines said meanwhile are no longer available"))
    #expect(alice.errors.contains("1 line you sent may not have arrived"))
  }

  @Test("what is said under our nickname by who came or was renamed meanwhile is not ours")
  func another() throws {
    for came in ["alice joined!", "carol is now alice"] {
      let (server, alice) = try ClientScript.enter()
      try alice.type("ok\n")
      try server.play("C< ok")
      try server.play(ClientScript.entry(since: 7, join: 10, missed: [8: came, 9: "alice: ok"]))
      try server.play("C< ok\nS> alice: ok")
      try ClientScript.finish(alice, server)
    }
  }

  @Test("a private message whose receipt has not come is told of at the end, too")
  func message() throws {
    let (server, alice) = try ClientScript.enter()
    try alice.type("[MSG]:bob psst\n")
    try server.play("C< [MSG]:bob psst\nC< [PING]:chat-client-sent-1")
    try server.play(ClientScript.entry(since: 7, join: 8, missed: [:]))
    try ClientScript.finish(alice, server, questions: 1, code: 1)
    #expect(alice.errors.contains("your message to bob may not have arrived"))
  }

  @Test(
    "a person who leaves while it waits is told of what was typed", arguments: ["/quit\n", "\u{4}"])
  func messageWhileAway(_ keys: String) throws {
    let (server, alice) = try ClientScript.enterAtTerminal()
    try server.play("stop\ncut")
    try alice.see("trying again…\r\n")
    try alice.type("/msg bob psst\nhello\n/who\n\(keys)")
    try alice.see("not known to have arrived: 1 line, 1 private message, 1 request\r\n")
    #expect(try alice.exitCode() == 1)
  }

  @Test("a request whose answer is cut off is told of", arguments: ["[WHO]:", "[HISTORY]:5"])
  func request(_ line: String) throws {
    let (server, alice) = try ClientScript.enter()
    try alice.type("[ROOMS]:\n\(line)\n")
    try server.play("C< [ROOMS]:\nC< \(line)\nS> [ROOMS]:lobby=1⇥end=1\nS> [WHO]:alice")
    try server.play(ClientScript.past(3, "bob: hi"))
    try server.play(ClientScript.entry(since: 7, join: 8, missed: [:]))
    try ClientScript.finish(alice, server, code: 1)
    #expect(alice.errors.contains("chat-client: 1 request was not answered\n"))
  }

  @Test("the two streams keep their order where they are one")
  func order() throws {
    let server = try FakeServer()
    let command = try "exec \(Program.path(of: "chat-client")) --nick alice \(server.address) 2>&1"
    let alice = try Program("sh", ["-c", command])
    try server.play(ClientScript.firstEntry)
    try server.play("S> bob: one\nS> [NOTICE]:two\nS> bob: three")
    try server.play(ClientScript.entry(since: 9, join: 11))
    try server.play("\(ClientScript.past(10, "bob: four"))\n\(ClientScript.missedEnd)")
    #expect(
      try ClientScript.finish(alice, server) == """
        alice joined!
        bob: one
        chat-client: two
        bob: three
        chat-client: connection lost, trying again…
        bob: four
        alice joined!
        chat-client: connected again

        """)
  }
}
