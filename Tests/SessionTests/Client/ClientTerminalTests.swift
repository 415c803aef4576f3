import TestKit
import Testing

/// The real client with a terminal at one end alone, or a program that reads JSON.
@Suite("The client's two ends", .timeLimit(.minutes(1)))
struct ClientTerminalTests {
  /// A shell at a terminal, in whose command `chat-client` and `HOST` stand for the real ones.
  private static func shell(_ command: String, _ server: TestServer) throws -> Terminal {
    let command = try command.replacing("chat-client", with: Program.path(of: "chat-client"))
      .replacing("HOST", with: server.address)
    return try Terminal("sh", ["-c", command])
  }

  @Test("--json prints objects alone, whoever types")
  func json() throws {
    let server = try TestServer()
    // Nothing but standard output is seen, and what the terminal echoes.
    let alice = try Self.shell("exec chat-client --json HOST 2>/dev/null", server)
    try alice.type("a b\n")
    #expect(try alice.see("{\"code\":\"nick-invalid\",\"event\":\"error\"") == "a b\r\n")
    try alice.type("alice\n")
    try alice.see("{\"event\":\"joined\",\"nick\":\"alice\"}\r\n")
    try alice.type("/help\n/nope\n")
    try alice.see("{\"event\":\"notice\",\"text\":\"/nick NAME ")
    try alice.see("{\"event\":\"notice\",\"text\":\"There is no /nope")
    try alice.type("/who\n")
    try alice.see("{\"event\":\"who\",\"nicks\":[\"alice\"]}\r\n")
  }

  @Test("an output that is no terminal gets the room's lines, and a person's commands work")
  func plainOutput() throws {
    let server = try TestServer()
    let alice = try Self.shell("chat-client HOST 2>/dev/null | sed 's/^/out: /'", server)
    try alice.type("alice\n/help\n/who\n/quit\n")
    try alice.see("out: alice joined!\r\nout: [WHO]:alice\tend=1\r\n")
    #expect(try alice.exitCode() == 0)
  }

  @Test("an output that is a terminal looks like one, and lines of a pipe are no commands")
  func terminalOutput() throws {
    let server = try TestServer()
    let alice = try Self.shell("printf '/who\\n' | chat-client --nick alice HOST", server)
    try alice.see("alice joined!\r\nConnected to server!\r\nalice: /who\r\nBye!\r\n")
    #expect(try alice.exitCode() == 0)
  }
}
