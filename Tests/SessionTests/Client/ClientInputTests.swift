import Glibc
import TestKit
import Testing

/// The real client at a terminal: the input row at the bottom, and what is shown above it.
@Suite("The client's input row", .timeLimit(.minutes(2)))
struct ClientInputTests {
  private static func bob(_ server: TestServer) throws -> Terminal {
    let bob = try Terminal("chat-client", ["--nick", "bob", server.address])
    try bob.see("Connected to server!\r\n> ")
    return bob
  }

  @Test("a line half typed stays as it is while messages arrive, each in a row of its own")
  func halfLine() throws {
    let server = try TestServer()
    let bob = try Self.bob(server)
    let alice = try server.join("alice")
    try bob.see("alice joined!\r\n")
    try bob.type("hello wrld\u{1B}[D\u{1B}[D\u{1B}[D")
    try bob.see("typed") { $0.rows.last == "> hello wrld" && $0.cursorColumn == 9 }
    for number in 0..<100 { try alice.send("message \(number)\n") }
    try bob.see("alice: message 99\r\n")
    try bob.see("as it was") { $0.rows.last == "> hello wrld" && $0.cursorColumn == 9 }
    let messages = bob.display.rows.filter { $0.contains("message") }
    #expect(messages == (0..<100).map { "alice: message \($0)" })
    try bob.type("o\r")
    try bob.see("bob: hello world\r\n> ")
    #expect(bob.display.rows.filter { $0.contains("hello") } == ["bob: hello world"])
    #expect(bob.display.rows.last == "> ")
    #expect(bob.display.strangers == [])
  }

  @Test("commands are not shown, their answers and errors are, in rows of their own")
  func commands() throws {
    let server = try TestServer()
    let bob = try Self.bob(server)
    try bob.type("/who\r")
    try bob.see("Here: bob\r\n> ")
    try bob.type("/nope\r/join nowhere\r")
    try bob.see("There is no /nope; /help lists what there is, and //text says /text\r\n")
    try bob.see("! ")
    try bob.see("the row") { $0.rows.last == "> " }
    #expect(!bob.display.rows.contains { $0.hasPrefix("/") })
  }

  @Test("pasted lines are sent one after another, and a long line scrolls in its row")
  func paste() throws {
    let server = try TestServer()
    let bob = try Self.bob(server)
    #expect(bob.display.bracketsPastes)
    try bob.type("\u{1B}[200~one\rtwo\nthree\u{1B}[201~")
    try bob.see("bob: one\r\nbob: two\r\n")
    try bob.see("the rest") { $0.rows.last == "> three" }
    let long = String(repeating: "0123456789", count: 30)
    try bob.type(long)
    try bob.see("the end of it") { $0.rows.last?.hasSuffix("456789") ?? false }
    #expect((bob.display.rows.last?.count ?? 0) < 80)
    bob.resize(columns: 30)
    bob.signal(SIGWINCH)
    try bob.see("a shorter row") { ($0.rows.last?.count ?? 80) < 30 }
    try bob.type("\r")
    try bob.see("bob: three\(long)\r\n> ")
  }

  @Test("Tab completes a path, a command and a name")
  func completion() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    for name in ["holiday photo.png", "cat 1", "cat 2"] {
      #expect(close(open("\(folder.path)/\(name)", O_CREAT | O_WRONLY, 0o600)) == 0)
    }
    let bob = try Self.bob(server)
    let alice = try server.join("alice")
    try bob.see("alice joined!\r\n")
    try bob.type("/send \(folder.path)/h\t")
    try bob.see("the path") { $0.rows.last?.hasSuffix("/holiday\\ photo.png ") ?? false }
    try bob.type("\u{15}/send \(folder.path)/c\t\t")
    try bob.see("cat 1  cat 2\r\n")
    try bob.see("the beginning") { $0.rows.last?.hasSuffix("/cat\\ ") ?? false }
    try bob.type("\u{15}/hel\t")
    try bob.see("the command") { $0.rows.last == "> /help " }
    try bob.type("\u{15}al\thi\r")
    try alice.expect("bob: alice: hi")
  }

  /// How the client is left, and its exit code.
  private static let endings: [(keys: String, signal: Int32, code: Int32)] = [
    ("/quit\r", 0, 0), ("\u{4}", 0, 0), ("\u{3}", 0, 0), ("half a line\u{3}\u{3}", 0, 0),
    ("half a line", SIGTERM, -SIGTERM), ("", SIGINT, -SIGINT), ("x", SIGHUP, -SIGHUP),
  ]

  @Test("the terminal is given back as it was found, however it ends", arguments: endings)
  func ending(keys: String, signal: Int32, code: Int32) throws {
    let server = try TestServer()
    let shell = try Terminal(
      "sh", ["-c", "read x; exec \(Program.path(of: "chat-client")) --nick bob \(server.address)"])
    let mode = shell.mode
    try shell.type("\n")
    try shell.see("Connected to server!\r\n> ")
    #expect(shell.mode != mode)
    try shell.type(keys)
    if signal != 0 {
      try shell.see("typed") { $0.rows.last == "> \(keys)" }
      shell.signal(signal)
    }
    #expect(try shell.exitCode() == code)
    #expect(shell.mode == mode)
    #expect(!shell.display.bracketsPastes)
    #expect(shell.display.rows.last == "")
    #expect(shell.display.strangers == [])
  }

  @Test("a terminal that takes nothing does not keep the client from ending")
  func stuck() throws {
    let server = try TestServer("--rate", "0")
    let bob = try Self.bob(server)
    let alice = try server.join("alice")
    // More than a pseudoterminal holds, and nobody reads it.
    let text = String(repeating: "x", count: 1_000)
    for _ in 0..<1_000 { try alice.send(text + "\n") }
    for _ in 0..<1_000 { try alice.expect("alice: " + text) }
    bob.signal(SIGTERM)
    #expect(try bob.exitCode() == -SIGTERM)
  }

  @Test("the terminal is given back by a client that does not get in")
  func refused() throws {
    let nobody = try Terminal(
      "sh", ["-c", "read x; exec \(Program.path(of: "chat-client")) --nick bob 127.0.0.1:1"])
    let mode = nobody.mode
    try nobody.type("\n")
    #expect(try nobody.exitCode() == 69)
    try nobody.see("chat-client: cannot connect to 127.0.0.1:1: Connection refused\r\n")
    #expect(nobody.mode == mode)
    #expect(!nobody.display.bracketsPastes)
  }

  @Test("the terminal is given back although nobody reads standard error")
  func brokenPipe() throws {
    let folder = try TestFolder()
    let pipe = "\(folder.path)/pipe"
    let program = try Program.path(of: "chat-client")
    // Whoever reads the pipe is gone before the client starts.
    let nobody = try Terminal(
      "sh",
      [
        "-c",
        "read x; mkfifo \(pipe); : < \(pipe) & exec 2> \(pipe); wait; "
          + "\(program) --nick bob 127.0.0.1:1; echo \"exit $?\"",
      ])
    let mode = nobody.mode
    try nobody.type("\n")
    try nobody.see("exit 69")
    #expect(nobody.mode == mode)
    #expect(!nobody.display.bracketsPastes)
  }

  @Test("how far a file is stands in a row of its own where nobody types, and is gone at the end")
  func statusOfSending() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    #expect(close(open("\(folder.path)/big", O_CREAT | O_WRONLY, 0o600)) == 0)
    #expect(truncate("\(folder.path)/big", 64 << 20) == 0)
    let bob = try Terminal(
      "chat-client", ["--nick", "bob", server.address, "--send", "\(folder.path)/big"])
    let code = try bob.exitCode()
    withExtendedLifetime(server) { #expect(code == 0, "\(bob.display.rows)") }
    #expect(String(decoding: bob.written, as: UTF8.self).contains("↑ big"))
    #expect(!bob.display.rows.contains { $0.contains("↑") })
    #expect(bob.display.rows.last == "")
    #expect(bob.display.strangers == [])
  }

  @Test("a terminal that can't move its cursor is used as any stream of text")
  func dumb() throws {
    let server = try TestServer()
    let bob = try Terminal("chat-client", [server.address], kind: "dumb")
    try bob.see("Choose your nickname: ")
    try bob.type("bob\n")
    try bob.see("bob\r\nbob joined!\r\nConnected to server!\r\n")
    try bob.type("hello\n")
    try bob.see("hello\r\nbob: hello\r\n")
    try bob.type("\u{4}")
    try bob.see("Bye!\r\n")
    #expect(try bob.exitCode() == 0)
    #expect(!bob.display.bracketsPastes)
  }
}
