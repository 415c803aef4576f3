import Foundation
import TestKit
import Testing

@Suite("History and search", .serialized)
struct HistoryTests {
  /// The texts of an answer of `[PAST]` lines, and their numbers.
  private func past(_ socket: TestSocket) throws -> [(sequence: Int, text: String)] {
    var lines: [(Int, String)] = []
    while let line = try socket.line() {
      if line == "[PAST]:\tend=1" { return lines }
      let fields = line.split(separator: "\t")
      guard line.hasPrefix("[PAST]:"), fields.count == 3, fields[1].hasPrefix("seq="),
        let sequence = Int(fields[1].dropFirst(4)), fields[2].hasPrefix("time=20"),
        fields[2].hasSuffix("Z")
      else { throw Failure("'\(line)' in an answer") }
      lines.append((sequence, String(fields[0].dropFirst("[PAST]:".count))))
    }
    throw Failure("the end in an answer")
  }

  private func ask(
    _ question: String, _ socket: TestSocket
  ) throws -> [(sequence: Int, text: String)] {
    try socket.send(question + "\n")
    return try past(socket)
  }

  private func talk(_ socket: TestSocket, as nickname: String, _ lines: [String]) throws {
    try socket.send(lines.map { $0 + "\n" }.joined())
    for line in lines { try socket.expect("\(nickname): \(line)") }
  }

  @Test("the last lines, and the first after a number, with their numbers, oldest first")
  func history() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    try talk(alice, as: "alice", (2...2_000).map { "line \($0)" })
    let last = try ask("[HISTORY]:3", alice)
    #expect(last.map(\.sequence) == [1_998, 1_999, 2_000])
    #expect(last.map(\.text) == ["alice: line 1998", "alice: line 1999", "alice: line 2000"])
    let all = try ask("[HISTORY]:1000000000", alice)
    #expect(all.map(\.sequence) == Array(1_001...2_000))
    #expect(all.allSatisfy { $0.text == "alice: line \($0.sequence)" })
    #expect(
      try ask("[HISTORY]:2\tsince=0", alice).map(\.text) == ["alice joined!", "alice: line 2"])
    #expect(try ask("[HISTORY]:2\tsince=1500", alice).map(\.sequence) == [1_501, 1_502])
    #expect(try ask("[HISTORY]:9\tsince=1998", alice).map(\.sequence) == [1_999, 2_000])
    for nothing in [
      "[HISTORY]:0", "[HISTORY]:5\tsince=2000", "[HISTORY]:5\tsince=99999999999999999999999",
      "[ROOM]:lobby\tsince=3000",
    ] {
      try alice.send(nothing + "\n")
      if nothing.hasPrefix("[ROOM]") { try alice.expect("You are in lobby") }
      #expect(try past(alice).isEmpty, "\(nothing)")
    }
    for wrong in ["[HISTORY]:", "[HISTORY]:-1", "[HISTORY]:x", "[HISTORY]:1\tsince=-1"] {
      try alice.send(wrong + "\n")
      try alice.expectError("bad-tag")
    }
  }

  @Test("a TAB in a line is a space in the past, and every other byte is as it was")
  func bytes() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    try talk(
      alice, as: "alice",
      ["a\tb", "ünïcödé 🎉", "[NOT]a tag", "x" + String(repeating: "y", count: 8_000)])
    let lines = try ask("[HISTORY]:4", alice).map(\.text)
    #expect(lines[0] == "alice: a b")
    #expect(lines[1] == "alice: ünïcödé 🎉")
    #expect(lines[2] == "alice: [NOT]a tag")
    #expect(lines[3].utf8.count == 8_008)
  }

  @Test("an answer stands where it was asked for, though the room is busy")
  func inTraffic() throws {
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let bob = try server.join("bob")
    let alice = try server.join("alice")
    try bob.send((0..<20_000).map { "\($0)\n" }.joined())
    var next = 0
    for _ in 0..<20 {
      try alice.send("[HISTORY]:50\n")
      while let line = try alice.line(), !line.hasPrefix("[PAST]:") {
        #expect(line == "bob: \(next)")
        next += 1
      }
      // The first line of the answer is taken already; the last one is the one that came before.
      let rest = try past(alice)
      #expect(next == 0 || rest.last?.text == "bob: \(next - 1)")
    }
    while next < 20_000 {
      try alice.expect("bob: \(next)")
      next += 1
    }
  }

  @Test("private messages that arrive during a long answer neither stop it nor are lost")
  func messagesMeanwhile() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let text = String(repeating: "x", count: 8_000)
    for number in 0..<1_000 {
      try alice.send("\(number) \(text)\n")
      try alice.expect("alice: \(number) \(text)")
    }
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    // Eight megabytes, which bob does not read while alice writes to him until no more is taken.
    try alice.send("[PING]:before\n")
    try alice.expect("[PONG]:before")
    try bob.send("[HISTORY]:1000\n")
    // The answer has begun: what alice writes from here on comes after it.
    #expect(try bob.line()?.hasPrefix("[PAST]:") == true)
    var taken = 0
    while true {
      try alice.send("[MSG]:bob \(taken) \(text.prefix(7_000))\n")
      let answer = try alice.line() ?? ""
      if answer.hasSuffix("\tcode=slow-consumer") { break }
      taken += 1
    }
    #expect(taken > 10)
    let lines = try past(bob)
    #expect(lines.count == 999)
    for number in 0..<taken {
      let line = try bob.line() ?? ""
      #expect(line.hasPrefix("[NOTICE]:alice tells you: \(number) "), "\(line.prefix(60))")
    }
    try bob.expectNothing()
  }

  @Test("a [HELLO] client gets no history unasked; with since= exactly what it missed")
  func since() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    try talk(alice, as: "alice", ["two", "three", "four"])
    var session = Transcript(server)
    try session.play(
      """
      bob connects
      bob> [HELLO]:1
      bob> bob
      bob< NICK
      bob< bob joined!
      bob< [WELCOME]:1⇥room=lobby⇥seq=5⇥members=2⇥max-file=100000000
      bob< Connected to server!
      bob> [QUIT]:
      bob< Bye!
      bob< (end)
      bob connects
      bob> [HELLO]:1
      bob> [ROOM]:lobby⇥since=2
      bob> bob
      bob< NICK
      bob< bob joined!
      bob< [WELCOME]:1⇥room=lobby⇥seq=7⇥members=2⇥max-file=100000000
      bob< Connected to server!
      """)
    let lines = try past(try #require(session["bob"]))
    #expect(lines.map(\.sequence) == [3, 4, 5, 6])
    #expect(lines.map(\.text) == ["alice: three", "alice: four", "bob joined!", "bob left!"])
  }

  @Test("a search finds the lines that hold all words, newest first, and no other room's")
  func search() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    try talk(
      alice, as: "alice",
      ["the quick brown fox", "the LAZY dog", "quick, quick: a Fox!", "foxtrot", "größe ÉTÉ"])
    let bob = try server.connect()
    try bob.send("[ROOM]:#b\nbob\nbob's quick fox\n")
    for line in ["NICK", "bob joined!", "Connected to server!", "bob: bob's quick fox"] {
      try bob.expect(line)
    }
    // Before the index has come to it, and after.
    for isIndexed in [false, true] {
      if isIndexed { try server.waitUntilIndexed() }
      #expect(try ask("[SEARCH]:fox", alice).map(\.sequence) == [4, 2])
      #expect(try ask("[SEARCH]:FOX quick", alice).map(\.sequence) == [4, 2])
      #expect(try ask("[SEARCH]:fox\tlimit=1", alice).map(\.sequence) == [4])
      #expect(try ask("[SEARCH]:fox\tbefore=4", alice).map(\.sequence) == [2])
      #expect(try ask("[SEARCH]:the lazy", alice).map(\.text) == ["alice: the LAZY dog"])
      #expect(try ask("[SEARCH]:Größe été", alice).map(\.sequence) == [6])
      #expect(try ask("[SEARCH]:cat", alice).isEmpty)
      #expect(try ask("[SEARCH]:fox\tlimit=0", alice).isEmpty)
      #expect(try ask("[SEARCH]:fox\tbefore=0", alice).isEmpty)
      #expect(try ask("[SEARCH]:fox", bob).map(\.text) == ["bob: bob's quick fox"])
    }
  }

  @Test("operators are text, and a search of 8 kB is only long")
  func operators() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    try talk(alice, as: "alice", ["near and far", "plain words -- with dashes"])
    try server.waitUntilIndexed()
    for words in [
      "\"", "\"near", "*", "NEAR(", "NEAR(near far)", "--", "near AND NOT", "a OR", "^near",
      "words:near",
      "near*", "{words}:near", "near + far", "'; DROP TABLE words; --", "%", "_", "\\", "(((((",
      "\u{FFFD}", String(repeating: "near ", count: 1_600), String(repeating: "\"", count: 8_000),
      (0..<1_200).map { "w\($0)" }.joined(separator: " "),
    ] {
      let found = try ask("[SEARCH]:\(words)", alice)
      #expect(found.allSatisfy { [2, 3].contains($0.sequence) }, "\(words.prefix(40))")
    }
    #expect(try ask("[SEARCH]:-- dashes", alice).map(\.sequence) == [3])
    #expect(try ask("[SEARCH]:" + String(repeating: "near ", count: 1_600), alice).count == 1)
    for wrong in ["[SEARCH]:", "[SEARCH]:  ", "[SEARCH]:x\tlimit=-1", "[SEARCH]:x\tbefore=y"] {
      try alice.send(wrong + "\n")
      try alice.expectError("bad-tag")
    }
    try alice.send("still here\n")
    try alice.expect("alice: still here")
  }

  @Test("nothing is kept where nothing is to be kept")
  func noHistory() throws {
    let server = try TestServer("--no-history")
    let alice = try server.join("alice")
    try talk(alice, as: "alice", ["one", "two"])
    #expect(try ask("[HISTORY]:5", alice).isEmpty)
    #expect(try ask("[SEARCH]:one", alice).isEmpty)
    let files = try FileManager.default.contentsOfDirectory(atPath: server.data.path)
    #expect(files.isEmpty)
  }

  @Test("a room is exported while a server runs, and when none does")
  func export() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    try talk(alice, as: "alice", ["hello \"world\" \\", "tab\there"])
    for isRunning in [true, false] {
      if !isRunning {
        server.program.signal(SIGKILL)
        _ = try server.program.exitCode()
      }
      let text = try Program(
        "chat-server", ["export", "--data", server.data.path, "--room", "lobby"])
      #expect(try text.rest() == "alice joined!\nalice: hello \"world\" \\\nalice: tab\there\n")
      #expect(try text.exitCode() == 0)
      let json = try Program(
        "chat-server",
        ["export", "--data", server.data.path, "--room=lobby", "--format", "json"])
      let objects = try json.rest().split(separator: "\n").map {
        try JSONDecoder().decode(Exported.self, from: Data($0.utf8))
      }
      #expect(objects.map(\.seq) == [1, 2, 3])
      #expect(objects[1].line == "alice: hello \"world\" \\")
      #expect(objects[2].line == "alice: tab\there")
    }
    for (arguments, code): ([String], Int32) in [
      (["--room", "#none"], 1), ([], 2), (["--room", "no room"], 2),
      (["--room", "lobby", "--format", "xml"], 2), (["--room", "lobby", "--wrong"], 2),
    ] {
      let program = try Program(
        "chat-server", ["export", "--data", server.data.path] + arguments)
      #expect(try program.exitCode() == code, "\(arguments)")
      #expect(try program.rest().isEmpty)
      #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)")
    }
  }

  private struct Exported: Decodable {
    let seq: Int
    let time: String
    let line: String
  }

  @Test("a history that cannot be used is one clear line, and exit code 1")
  func unusable() throws {
    let folder = try TestFolder()
    _ = FileManager.default.createFile(atPath: folder.path + "/file", contents: nil)
    for path in [folder.path + "/file", folder.path + "/file/below", "/proc/nothing"] {
      let program = try Program("chat-server", ["--port", "0", "--data", path])
      #expect(try program.exitCode() == 1)
      #expect(program.errors.hasPrefix("chat-server: "), "\(program.errors)")
      #expect(program.errors.split(separator: "\n").count == 1)
    }
  }
}
