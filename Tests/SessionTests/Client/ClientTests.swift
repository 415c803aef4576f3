import Foundation
import TestKit
import Testing

/// The real client against the real server.
@Suite("chat-client", .timeLimit(.minutes(1)))
struct ClientTests {
  /// Runs a client to its end.
  private func run(
    _ arguments: [String], input: String
  ) throws -> (output: String, errors: String, code: Int32) {
    let client = try Program("chat-client", arguments)
    try client.type(input)
    try client.endInput()
    let output = try client.rest()
    return (output, client.errors, try client.exitCode())
  }

  @Test("through a pipe: the lines are sent, the room's lines come back as they are")
  func pipe() throws {
    let server = try TestServer()
    let result = try run(["--nick", "bob", server.address], input: "one\ntwo: three\n\nlast")
    #expect(result.output == "bob joined!\nbob: one\nbob: two: three\nbob: last\n")
    #expect(result.errors == "")
    #expect(result.code == 0)
  }

  @Test("it leaves only when everything it sent has come back")
  func everythingComesBack() throws {
    let server = try TestServer("--rate", "0")
    let lines = (0..<50_000).map { "line \($0)" }
    let client = try Program("chat-client", ["--nick", "bob", server.address])
    client.typeAll(lines.joined(separator: "\n") + "\n")
    let output = try client.rest()
    #expect(output == "bob joined!\n" + lines.map { "bob: \($0)\n" }.joined())
    #expect(try client.exitCode() == 0)
  }

  @Test("without --nick, the first line of input is the nickname, and nothing asks for it")
  func firstLine() throws {
    let server = try TestServer()
    let result = try run([server.address], input: "carol\nhello\n")
    #expect(result.output == "carol joined!\ncarol: hello\n")
    #expect(result.code == 0)
  }

  @Test("tags may be sent, answers are printed as they are, refusals go to standard error")
  func tags() throws {
    let server = try TestServer()
    let result = try run(
      ["--nick", "bob", server.address], input: "[WHO]:\n[FOO]:\n[PING]:mine\n[MSG]:bob hi\n")
    #expect(
      result.output == "bob joined!\n[WHO]:bob\tend=1\n[PONG]:mine\n[MSG]:bob hi\tto=bob\n")
    #expect(result.errors == "chat-client: this server does not know [FOO]\n")
    #expect(result.code == 0)
  }

  @Test("exit in the input leaves", arguments: ["exit", "{quit}", "[QUIT]:"])
  func exit(_ word: String) throws {
    let server = try TestServer()
    let client = try Program("chat-client", ["--nick", "bob", server.address])
    try client.type("hi\n\(word)\n")
    #expect(try client.rest() == "bob joined!\nbob: hi\n")
    #expect(try client.exitCode() == 0)
  }

  @Test("--json prints every event as one object")
  func json() throws {
    let server = try TestServer()
    let result = try run(
      ["--nick", "bob", "--json", server.address], input: "hi \"you\"\n[FOO]:\n")
    #expect(
      result.output == """
        {"event":"joined","nick":"bob"}
        {"event":"welcome","members":1,"room":"lobby","seq":1}
        {"event":"message","from":"bob","text":"hi \\"you\\""}
        {"code":"unknown-tag","event":"error","text":"this server does not know [FOO]"}
        {"event":"bye"}

        """)
    #expect(result.errors == "")
  }

  @Test("exit codes: wrong usage, nobody there, nickname refused, connection lost")
  func exitCodes() throws {
    let server = try TestServer("--max-clients", "1")
    let usage = try run(["--wrong"], input: "")
    #expect(usage.code == 2)
    #expect(usage.errors == "chat-client: unknown flag --wrong (see chat-client --help)\n")
    let nobody = try run(["--nick", "bob", "127.0.0.1:1"], input: "")
    #expect(nobody.code == 69)
    #expect(
      nobody.errors.hasPrefix(
        "chat-client: cannot connect to 127.0.0.1:1: Connection refused\nchat-client: Is a server"))
    let other = try TestServer()
    try withExtendedLifetime(other) {
      let refused = try run(["--nick", "a b", other.address], input: "")
      #expect(refused.code == 77)
    }
    let bob = try Program("chat-client", ["--nick", "bob", "--no-reconnect", server.address])
    #expect(try bob.line() == "bob joined!")
    let full = try run(["--nick", "carol", server.address], input: "")
    #expect(full.code == 69)
    #expect(full.errors == "chat-client: the server is full\n")
    server.program.signal(SIGKILL)
    #expect(try bob.exitCode() == 1)
    #expect(bob.errors == "chat-client: the connection is lost\n")
  }

  @Test("a server that stops is told of, and is a connection lost")
  func serverStops() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "bob", "--no-reconnect", server.address])
    #expect(try bob.line() == "bob joined!")
    server.program.signal(SIGTERM)
    #expect(try bob.exitCode() == 1)
    #expect(
      bob.errors
        == "chat-client: the server is shutting down\nchat-client: the connection is lost\n")
  }

  @Test("SIGTERM ends it, even started by a thread that has signals blocked")
  func terminated() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    #expect(try bob.line() == "bob joined!")
    bob.signal(SIGTERM)
    #expect(try bob.exitCode() == -SIGTERM)
  }

  @Test("--help and --version")
  func help() throws {
    for program in ["chat-client", "chat-server"] {
      let help = try Program(program, ["--help"])
      #expect(try help.rest().hasPrefix("Usage: \(program) "))
      #expect(try help.exitCode() == 0)
      let version = try Program(program, ["--version"])
      #expect(try version.rest().wholeMatch(of: /chat-(client|server) \d+\.\d+\.\d+\n/) != nil)
    }
  }

  @Test("at a terminal: it asks for the nickname, shows what is said once, and knows commands")
  func terminal() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try Terminal("chat-client", [server.address])
    try bob.see("Choose your nickname: ")
    try bob.type("Alice\n")
    try bob.see("! the nickname 'Alice' is in use")
    try bob.see("Choose your nickname: ")
    try bob.type("\n")
    try bob.see("! a nickname has at least one character")
    try bob.type("[PING]:x\n")
    try bob.see("! a nickname holds letters")
    try bob.see("Choose your nickname: ")
    try bob.type("bob\n")
    try bob.see("bob joined!\r\nConnected to server!\r\n")
    try alice.expect("bob joined!")
    try bob.type("hello\n")
    try bob.see("bob: hello\r\n")
    try alice.expect("bob: hello")
    try bob.type("/who\n")
    try bob.see("Here: alice, bob\r\n")
    try bob.type("/msg alice psst\n")
    try bob.see("you tell alice: psst\r\n")
    try alice.expect("[NOTICE]:bob tells you: psst")
    try bob.type("[WHO]:\n")
    try bob.see("bob: [WHO]:\r\n")
    try alice.expect("bob: [WHO]:")
    try bob.type("/nope\n")
    try bob.see("There is no /nope")
    try bob.type("/nick Robert\n")
    try bob.see("bob is now Robert\r\n")
    try bob.type("/quit\n")
    try bob.see("Bye!\r\n")
    #expect(try bob.exitCode() == 0)
  }

  @Test("whoever thinks longer about a nickname than the server waits still gets in")
  func slowTypist() throws {
    let server = try TestServer("--handshake-timeout", "1")
    let bob = try Terminal("chat-client", [server.address])
    try bob.see("Choose your nickname: ")
    // Bob takes longer than somebody with whom the server loses its patience.
    let idle = try server.connect()
    try idle.expect("NICK")
    while try idle.line() != nil {}
    try bob.type("bob\n")
    try bob.see("Connected to server!")
  }

  @Test("exit instead of a nickname leaves")
  func exitAtPrompt() throws {
    let bob = try Terminal("chat-client", ["127.0.0.1:1"])
    try bob.see("Choose your nickname: ")
    try bob.type("exit\n")
    #expect(try bob.exitCode() == 0)
  }

  @Test("output that can't be written is told of, and is no success")
  func fullOutput() throws {
    let server = try TestServer()
    let command = try
      "exec \(Program.path(of: "chat-client")) --nick bob \(server.address) >/dev/full"
    let bob = try Program("sh", ["-c", command])
    #expect(try bob.exitCode() == 1)
    #expect(bob.errors == "chat-client: standard output: No space left on device\n")
  }

  @Test(
    "help and version that can't be written are no success either", arguments: ["help", "version"])
  func fullOutputOfHelp(_ flag: String) throws {
    for name in ["chat-client", "chat-server"] {
      let command = try "exec \(Program.path(of: name)) --\(flag) >/dev/full"
      let program = try Program("sh", ["-c", command])
      #expect(try program.exitCode() == 1)
      #expect(program.errors == "\(name): write: No space left on device\n")
    }
  }

  @Test("an output that does not wait loses nothing")
  func nonBlockingOutput() throws {
    let server = try TestServer("--rate", "0")
    let lines = (0..<50_000).map { "line \($0)" }
    let client = try Program(
      "chat-client", ["--nick", "bob", server.address], hasNonBlockingOutput: true)
    client.typeAll(lines.joined(separator: "\n") + "\n")
    // The pipe is full before anybody reads it.
    let alice = try server.join("alice")
    while try alice.line() != "bob: line 10000" {}
    #expect(try client.rest().split(separator: "\n").filter { $0.contains("line") }.count == 50_000)
    #expect(try client.exitCode() == 0)
  }

  @Test("Ctrl-D at a terminal leaves")
  func endOfInput() throws {
    let server = try TestServer()
    let bob = try Terminal("chat-client", ["--nick", "bob", server.address])
    try bob.see("Connected to server!")
    try bob.type("\u{4}")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 0)
  }

  @Test("a server that cannot have its port says so in one line")
  func portTaken() throws {
    let server = try TestServer()
    let second = try Program("chat-server", ["--port", "\(server.port)"])
    #expect(try second.rest() == "")
    #expect(try second.exitCode() == 1)
    #expect(
      second.errors
        == "chat-server: cannot listen on \(server.address): Address already in use\n")
    let wrong = try Program("chat-server", ["--prot", "5"])
    #expect(try wrong.exitCode() == 2)
    #expect(wrong.errors == "chat-server: unknown flag --prot (see chat-server --help)\n")
  }
}
