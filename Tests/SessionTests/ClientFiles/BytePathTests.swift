import Foundation
import TestKit
import Testing

/// Names of files and folders that are no UTF-8, from the command line, the terminal and the environment.
@Suite("Paths that are no text", .timeLimit(.minutes(1)))
struct BytePathTests {
  /// A shell's name for it, `$f` once `setUp` has run, and how others see it called.
  private static let setUp = #"f=$(printf 'caf\351.txt') d=$(printf 't\351l\351');"#
  private static let shown = "caf\u{FFFD}.txt"

  /// Runs a shell's command in a folder, where `$f` and `$d` are such names, and `$HOST` a server.
  private static func shell(
    _ script: String, in folder: TestFolder, _ address: String = ""
  ) throws -> Program {
    try Program("sh", ["-c", command(script, in: folder, address)])
  }

  private static func command(
    _ script: String, in folder: TestFolder, _ address: String
  ) throws -> String {
    var script = "cd '\(folder.path)'; HOST=\(address); \(setUp) \(script)"
    for name in ["chat-client", "chat-server"] {
      script = try script.replacing(name, with: Program.path(of: name))
    }
    return script
  }

  private static func run(_ script: String, in folder: TestFolder) throws -> String {
    let shell = try shell(script, in: folder)
    let output = try shell.rest()
    let code = try shell.exitCode()
    guard code == 0 else { throw Failure("\(script): \(code) \(shell.errors)") }
    return output
  }

  @Test("--send and --downloads take them; only what is announced and shown is cleaned")
  func transfer() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    _ = try Self.run(#"mkdir "$d" && echo coffee >"$f""#, in: folder)
    let bob = try Self.shell(
      #"exec chat-client --nick bob --json --downloads "$d" "$HOST""#, in: folder, server.address)
    #expect(try bob.line()?.contains("joined") == true)
    let alice = try Self.shell(
      #"exec chat-client "$HOST" --nick alice --send="$f""#, in: folder, server.address)
    #expect(try alice.exitCode() == 0)
    #expect(try alice.rest().contains("alice sent \(Self.shown) (7 B)\n"))
    #expect(alice.errors == "")
    try bob.endInput()
    let path = "t\u{FFFD}l\u{FFFD}/received_\(Self.shown)".replacing("/", with: "\\/")
    let told = try bob.rest()
    #expect(told.contains("\"path\":\"\(path)\"") || told.contains(path.replacing("\\", with: "")))
    #expect(try bob.exitCode() == 0)
    #expect(try Self.run(#"cat "$d"/received_*"#, in: folder) == "coffee\n")
  }

  @Test("a name that is not there is told, cleaned")
  func missing() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    let alice = try Self.shell(
      #"exec chat-client "$HOST" --nick alice --send="$f""#, in: folder, server.address)
    #expect(try alice.exitCode() != 0)
    #expect(alice.errors.contains("\(Self.shown)': No such file or directory"))
    let bob = try Self.shell(
      #"exec chat-client --nick bob --downloads "$d/none" "$f:1""#, in: folder, server.address)
    #expect(try bob.exitCode() == 2)
    #expect(bob.errors.split(separator: "\n").count == 1)
  }

  @Test("--data and $HOME name the folder that they say, and export finds it")
  func data() throws {
    let folder = try TestFolder()
    for flags in [#"--data "$d""#, ""] {
      let server = try Self.shell(
        #"export HOME="$PWD/$d"; unset XDG_STATE_HOME; exec chat-server --port 0 \#(flags)"#,
        in: folder)
      let address = String(try #require(try server.line()?.split(separator: " ").last))
      let alice = try Program("chat-client", ["--nick", "alice", address])
      try alice.endInput()
      #expect(try alice.exitCode() == 0)
      server.signal(SIGTERM)
      #expect(try server.exitCode() == 0)
      let lines = try Self.run(
        #"export HOME="$PWD/$d"; unset XDG_STATE_HOME; chat-server export --room lobby \#(flags)"#,
        in: folder)
      #expect(lines == "alice joined!\nalice left!\n")
    }
    _ = try Self.run(
      #"test -e "$d"/history.db -a -d "$d"/files -a -e "$d"/.local/state/*/history.db"#,
      in: folder)
  }

  @Test("at a terminal they can be typed, and completed by Tab")
  func typed() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    _ = try Self.run(#"mkdir "$d" && echo coffee | tee "$f" >"$d/$f""#, in: folder)
    let alice = try Terminal(
      "sh",
      [
        "-c",
        try Self.command(
          #"exec chat-client --nick alice "$HOST""#, in: folder, server.address),
      ])
    try alice.see("Connected to server!")
    try alice.type(bytes: Array("/send caf".utf8) + [0xE9] + Array(".txt\n".utf8))
    try alice.see("alice sent \(Self.shown) (7 B)")
    try alice.type("/send c\t\n")
    try alice.see("alice sent \(Self.shown) (7 B)")
    try alice.type("/send 't\tcaf\t\n")
    try alice.see("alice sent \(Self.shown) (7 B)")
    try alice.type("/quit\n")
    #expect(try alice.exitCode() == 0)
  }

  @Test("what a person pipes in without a terminal row is a path, too")
  func dumbTerminal() throws {
    let server = try TestServer()
    let folder = try TestFolder()
    _ = try Self.run(#"echo coffee >"$f""#, in: folder)
    let alice = try Terminal(
      "sh",
      [
        "-c",
        try Self.command(
          #"TERM=dumb exec chat-client --nick alice "$HOST""#, in: folder, server.address),
      ])
    try alice.see("Connected to server!")
    try alice.type(bytes: Array("/send caf".utf8) + [0xE9] + Array(".txt\n".utf8))
    try alice.see("alice sent \(Self.shown) (7 B)")
    try alice.type("/quit\n")
    #expect(try alice.exitCode() == 0)
  }
}
