/// What a chat-client and a `FakeServer` say to each other when alice comes, comes back and leaves.
package enum ClientScript {
  /// What a request has to bring that is alice's.
  package static let token = "aToken"

  /// What every connection begins with, and how alice enters: her join is number 7.
  package static let firstEntry = """
    accept
    S> NICK
    C< [HELLO]:1
    C< alice
    S> alice joined!
    S> [WELCOME]:1⇥room=lobby⇥seq=7⇥members=1⇥max-file=0⇥token=\(token)
    S> Connected to server!
    """

  /// How she reconnects, up to the missed lines.
  package static func entry(since: Int, join: Int, room: String = "lobby") -> String {
    """
    accept
    S> NICK
    C< [HELLO]:1
    C< [ROOM]:\(room)⇥since=\(since)
    C< alice
    S> alice joined!
    S> [WELCOME]:1⇥room=\(room)⇥seq=\(join)⇥members=1⇥max-file=0⇥token=\(token)
    S> Connected to server!
    C< [PING]:chat-client-missed
    """
  }

  /// How she reconnects, and is sent what she missed: lines by their numbers.
  package static func entry(
    since: Int, join: Int, room: String = "lobby", missed: KeyValuePairs<Int, String>
  ) -> String {
    let lines = missed.map { past($0, $1) }
    return ([entry(since: since, join: join, room: room)] + lines + [missedEnd])
      .joined(separator: "\n")
  }

  /// What ends the missed lines.
  package static let missedEnd = """
    S> [PAST]:⇥end=1
    S> [PONG]:chat-client-missed
    """

  /// How she leaves at the end of input, having asked so many questions before.
  package static func departure(questions: Int = 0) -> String {
    """
    C< [PING]:chat-client-sent-\(questions + 1)
    S> [PONG]:chat-client-sent-\(questions + 1)
    C< [QUIT]:
    S> Bye!
    cut
    """
  }

  /// One line of the history.
  package static func past(_ sequence: Int, _ text: String) -> String {
    "S> [PAST]:\(text)⇥seq=\(sequence)⇥time=2026-01-31T12:00:00.000Z"
  }

  /// Starts alice's client.
  package static func alice(_ server: FakeServer, _ flags: String...) throws -> Program {
    try alice(server, flags)
  }

  private static func alice(_ server: FakeServer, _ flags: [String]) throws -> Program {
    try Program("chat-client", ["--nick", "alice"] + flags + [server.address])
  }

  /// Starts a server and alice's client, which enters.
  package static func enter(_ flags: String...) throws -> (server: FakeServer, alice: Program) {
    let server = try FakeServer()
    let alice = try alice(server, flags)
    try server.play(firstEntry)
    return (server, alice)
  }

  /// The same, with alice at a terminal.
  package static func enterAtTerminal(
    _ flags: String...
  ) throws -> (server: FakeServer, alice: Terminal) {
    let server = try FakeServer()
    let alice = try Terminal("chat-client", ["--nick", "alice"] + flags + [server.address])
    try server.play(firstEntry)
    try alice.see("Connected to server!\r\n")
    return (server, alice)
  }

  /// The same through pipes, with a folder for what alice downloads: a new one if none is given.
  package static func enterDownloading(
    _ flags: String..., to folder: TestFolder? = nil
  ) throws -> (server: FakeServer, folder: TestFolder, alice: Program) {
    let folder = try folder ?? TestFolder()
    let server = try FakeServer()
    let alice = try alice(server, ["--downloads", folder.path] + flags)
    try server.play(firstEntry)
    return (server, folder, alice)
  }

  /// Ends the input, lets alice leave, and takes the rest of what she shows.
  ///
  /// - Parameter code: how she ends.
  @discardableResult
  package static func finish(
    _ alice: Program, _ server: FakeServer, questions: Int = 0, code: Int32 = 0
  ) throws -> String {
    try alice.endInput()
    try server.play(departure(questions: questions))
    let rest = try alice.rest()
    let ended = try alice.exitCode()
    guard ended == code else { throw Failure("alice ends with \(ended): \(alice.errors)") }
    return rest
  }
}
