import TestKit
import Testing

/// What a client that comes back says, and what a server that remembers answers: for a `FakeServer`.
enum ReturnScript {
  /// What every connection begins with, and how alice came in: her join is number 7.
  static let firstEntry = """
    accept
    S> NICK
    C< [HELLO]:1
    C< alice
    S> alice joined!
    S> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0
    S> Connected to server!
    """

  /// How she comes back, up to the missed lines.
  static func entry(since: Int, join: Int, room: String = "lobby") -> String {
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

  static let missedEnd = """
    S> [PAST]:⇥end=1
    S> [PONG]:chat-client-missed
    """

  /// How she leaves at the end of input, having asked so many questions before.
  static func departure(questions: Int = 0) -> String {
    """
    C< [PING]:chat-client-sent-\(questions + 1)
    S> [PONG]:chat-client-sent-\(questions + 1)
    C< [QUIT]:
    S> Bye!
    cut
    """
  }

  static func past(_ sequence: Int, _ text: String) -> String {
    "S> [PAST]:\(text)⇥seq=\(sequence)⇥time=2026-01-31T12:00:00.000Z"
  }

  static func alice(_ server: FakeServer, _ flags: String...) throws -> Program {
    try Program("chat-client", ["--nick", "alice"] + flags + [server.address])
  }

  /// Ends the input, lets the server see alice off, and takes the rest of what she shows.
  static func finish(_ alice: Program, _ server: FakeServer, questions: Int = 0) throws -> String {
    try alice.endInput()
    try server.play(departure(questions: questions))
    let rest = try alice.rest()
    #expect(try alice.exitCode() == 0)
    return rest
  }
}
