import Foundation
import TestKit
import Testing

/// The README's examples, run as printed: every line of a block that begins with ```sh.
@Suite("README", .timeLimit(.minutes(2)))
struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// What each example is given on its standard input: a nickname, a word, and the end of it.
  private static let input = "guest\nhello\nexit\n"

  /// The commands, one a line; a backslash at a line's end goes on with the next one.
  private func commands() throws -> [String] {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    var commands: [String] = []
    var isInside = false
    var begun = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```sh"
      } else if isInside, line.hasSuffix("\\") {
        begun += line.dropLast()
      } else if isInside {
        commands.append(begun + line)
        begun = ""
      }
    }
    return commands.filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// A word for the shell.
  private func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  @Test("what README tells to make can be made")
  func make() throws {
    let targets = try commands().filter { $0.hasPrefix("make ") }
    #expect(targets.contains("make run") && targets.contains("make test"))
    for target in targets {
      let program = try Program(
        "sh", ["-c", "cd \(quoted(Self.root.path)) && \(target) --just-print --no-print-directory"])
      _ = try program.rest()
      #expect(try program.exitCode() == 0, "\(target): \(program.errors)")
    }
  }

  /// All of them, in order, beside a server where README has it: in a network of their own, so that its port is free.
  @Test("README's examples run as printed, beside a server that runs as README has it")
  func examples() throws {
    let commands = try commands().filter { !$0.hasPrefix("make ") }
    #expect(commands.count >= 8)
    let folder = try TestFolder()
    let programs = URL(fileURLWithPath: try Program.path(of: "chat-client"))
      .deletingLastPathComponent()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/.build", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/.build/release", withDestinationPath: programs.path)
    for name in ["notes.txt", "report.pdf", "photo.png"] {
      try "what is in \(name)\n".write(
        toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }
    try Self.input.write(toFile: "\(folder.path)/input", atomically: true, encoding: .utf8)
    var script = """
      cd \(quoted(folder.path)); export HOME="$PWD"; unset XDG_STATE_HOME
      ip link set lo up
      .build/release/chat-server >server.out 2>server.log & server=$!
      for i in $(seq 600); do grep -q ^chat server.out && break; sleep 0.1; done

      """
    var exports = ""
    for (number, command) in commands.enumerated() {
      if command.hasPrefix("export ") {
        exports += "\(command)\n"
      } else {
        script +=
          "timeout 30 bash -c \(quoted(exports + "set -o pipefail\n" + command)) <input >out.\(number) 2>&1\n"
        script += "echo \"\(number) $?\"\n"
      }
    }
    script += "kill $server; wait $server; echo \"server $?\"\n"
    let program = try Program("unshare", ["--map-root-user", "--net", "bash", "-c", script])
    let codes = try program.rest(within: 100).split(separator: "\n")
    for code in codes.dropLast() {
      let parts = code.split(separator: " ")
      guard let number = Int(parts[0]), parts[1] != "0" else { continue }
      let output = try String(contentsOfFile: "\(folder.path)/out.\(number)", encoding: .utf8)
      Issue.record("\(commands[number]) ends with \(parts[1]): \(output)")
    }
    #expect(codes.last == "server 0", "\(program.errors)")
    #expect(codes.count == commands.count { !$0.hasPrefix("export ") } + 1)
  }

  /// The two screens side by side, up to the first line that neither has.
  private func transcript() throws -> (left: [String], right: [String]) {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.firstIndex(where: { $0.hasPrefix("$ make client") }),
      let column = lines[first].firstRange(of: "$ nc ")?.lowerBound
    else { throw Failure("README has no transcript") }
    let width = lines[first].distance(from: lines[first].startIndex, to: column)
    let rows = lines[(first + 1)...].prefix { !$0.hasPrefix("```") }
    func trimmed(_ text: Substring) -> String { text.trimmingCharacters(in: .whitespaces) }
    return (
      rows.map { trimmed($0.prefix(width)) }.filter { !$0.isEmpty },
      rows.map { trimmed($0.dropFirst(width)) }.filter { !$0.isEmpty }
    )
  }

  /// A file's id is another one each time.
  private func withoutID(_ line: String) -> String {
    line.replacing(/\[GET\]:\w+/, with: "[GET]:ID").replacing(
      /http:\S+\/files\/\w+/, with: "LINK")
  }

  @Test("README's transcript is what the two screens show in the end")
  func screens() throws {
    let wanted = try transcript()
    let server = try TestServer()
    let folder = try TestFolder()
    let report = "\(folder.path)/report.txt"
    try String(repeating: "*", count: 1_200).write(
      toFile: report, atomically: true, encoding: .utf8)
    let alice = try Terminal("chat-client", ["--downloads", folder.path, server.address])
    try alice.see("Choose your nickname: ")
    try alice.type("alice\r")
    try alice.see("Connected to server!")
    let bob = try Terminal("nc.openbsd", ["127.0.0.1", "\(server.port)"])
    // The link is longer than most screens are wide.
    bob.resize(columns: 200)
    try bob.see("NICK")
    try bob.type("bob\n")
    try bob.see("Connected to server!")
    func says(_ text: String, _ seen: String) throws {
      try alice.type("\(text)\r")
      try alice.see(seen)
    }
    try says("Hello everyone!", "alice: Hello everyone!")
    try bob.see("alice: Hello everyone!")
    try bob.type("hi alice, joining with nc\n")
    try alice.see("bob: hi alice, joining with nc")
    try says("/who", "Here: alice, bob")
    try says("/msg bob shall we have lunch?", "you tell bob: shall we have lunch?")
    let ci = try Program("chat-client", ["--nick", "ci", server.address])
    try ci.type("build 4711 is green\n")
    try ci.endInput()
    #expect(try ci.exitCode() == 0)
    try alice.see("ci left!")
    #expect(
      try Program("chat-client", ["--nick", "ci", "--send", report, server.address]).exitCode() == 0
    )
    // The file may be saved just before or just after ci has left.
    try alice.see("saved, and ci gone") { display in
      display.rows.contains { $0.hasPrefix("* saved received_report.txt") }
        && display.rows.count { $0.hasPrefix("ci left!") } == 2
    }
    try bob.type("exit\n")
    try alice.see("bob left!")
    try alice.type("/quit\r")
    try alice.see("Bye!")
    #expect(try alice.exitCode() == 0)
    try bob.see("Bye!")
    func rows(_ terminal: Terminal) -> [String] {
      terminal.display.rows.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
    var left = rows(alice)
    if let saved = left.firstIndex(where: { $0.hasPrefix("* saved") }),
      left[saved - 1] == "ci left!"
    {
      left.swapAt(saved - 1, saved)
    }
    #expect(left == wanted.left)
    #expect(rows(bob).map(withoutID) == wanted.right.map(withoutID))
  }
}
