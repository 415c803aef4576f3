import ChatSystem
import TestKit
import Testing

/// Section 4 of the protocol in one room, and what bad input does there.
@Suite("In the room", .timeLimit(.minutes(1)))
struct RoomTests {
  private func room() throws -> (server: TestServer, alice: TestSocket, bob: TestSocket) {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    return (server, alice, bob)
  }

  @Test("text, one's own nickname in front or not; another's is text")
  func text() throws {
    let (_, alice, bob) = try room()
    for (said, seen) in [
      ("hello", "alice: hello"), ("alice: hello", "alice: hello"),
      ("bob: hello", "alice: bob: hello"), ("alice: exit", "alice: exit"),
      ("alice: [WHO]:", "alice: [WHO]:"), ("[hello] you", "alice: [hello] you"),
      (" indented\tand tabbed ", "alice:  indented\tand tabbed "),
      ("bob left!", "alice: bob left!"), ("server: down", "alice: server: down"),
    ] {
      try alice.send(said + "\n")
      try alice.expect(seen)
      try bob.expect(seen)
    }
  }

  @Test("nothing that moves a cursor or turns the text around reaches anyone")
  func cleaning() throws {
    let (_, alice, bob) = try room()
    let said: [[UInt8]] = [
      Array("a\u{1B}[2J\u{7}b".utf8), Array("a\0b".utf8), Array("a\rb".utf8),
      Array("a\u{9B}31mb".utf8), Array("a\u{202E}b\u{2066}c".utf8), [0x61, 0xFF, 0x62],
      [0x61, 0xE2, 0x82],
    ]
    let seen = [
      "a\u{FFFD}[2J\u{FFFD}b", "a\u{FFFD}b", "a\u{FFFD}b", "a\u{FFFD}31mb",
      "a\u{FFFD}b\u{FFFD}c", "a\u{FFFD}b", "a\u{FFFD}",
    ]
    for (line, text) in zip(said, seen) {
      try alice.send(bytes: line + [0x0A])
      try alice.expect("alice: \(text)")
      try bob.expect("alice: \(text)")
    }
  }

  @Test("empty lines are nothing")
  func empty() throws {
    let (_, alice, bob) = try room()
    try alice.send("\n \n\r\n\t\u{3000}\nalice: \n")
    try alice.expectNothing()
    try bob.expectNothing()
  }

  @Test("the longest line goes through, one byte more is refused, and the connection lives")
  func long() throws {
    let (_, alice, bob) = try room()
    let longest = String(repeating: "x", count: 8_191)
    try alice.send(longest + "\n")
    try bob.expect("alice: \(longest)")
    try alice.expect("alice: \(longest)")
    try alice.send(longest + "y\n")
    try alice.expectError("line-too-long")
    try alice.send(String(repeating: "z", count: 1_000_000) + "\n")
    try alice.expectError("line-too-long")
    // It fits as it came, but not as everyone would see it.
    try alice.send(bytes: [UInt8](repeating: 0xFF, count: 4_000) + [0x0A])
    try alice.expectError("line-too-long")
    try bob.expectNothing()
  }

  @Test("a last line without an LF is said when the stream ends")
  func missingLineFeed() throws {
    let (_, alice, bob) = try room()
    try alice.send("goodbye")
    alice.stream.shutdownWriting()
    try bob.expect("alice: goodbye")
    try bob.expect("alice left!")
    try alice.expect("alice: goodbye")
    try alice.expectEnd()
  }

  @Test("three ways to leave", arguments: ["exit", "{quit}", "[QUIT]:tired"])
  func leave(_ word: String) throws {
    let (_, alice, bob) = try room()
    try alice.send("last words\n\(word)\nnever said\n")
    try alice.expect("alice: last words")
    try alice.expect("Bye!")
    try alice.expectEnd()
    try bob.expect("alice: last words")
    try bob.expect("alice left!")
    try bob.expectNothing()
  }

  @Test("a new nickname is told to all, and the old one is free")
  func rename() throws {
    let (server, alice, bob) = try room()
    var session = Transcript(server)
    try alice.send("[NICK]:Carol\nhi\n")
    for socket in [alice, bob] {
      try socket.expect("alice is now Carol")
      try socket.expect("Carol: hi")
    }
    try session.play(
      """
      new connects
      new< NICK
      new> alice
      new< alice joined!
      new< Connected to server!
      new> [NICK]:BOB
      new< [ERROR]:the nickname 'BOB' is in use⇥code=nick-in-use
      new> [NICK]:a b
      new< [ERROR]:a nickname holds letters, digits, '-', '_' and '.' only⇥code=nick-invalid
      new> [NICK]:server
      new< [ERROR]:the nickname 'server' is reserved⇥code=nick-invalid
      new> [NICK]:ALICE
      new< alice is now ALICE
      new> [NICK]:ALICE
      new> [WHO]:
      new< [WHO]:ALICE Carol bob⇥end=1
      new> [ROOMS]:
      new< [ROOMS]:lobby=3⇥end=1
      """)
  }

  @Test("a private message reaches one person, and comes back as a receipt")
  func privateMessages() throws {
    let (server, alice, bob) = try room()
    var session = Transcript(server)
    try session.play(
      """
      carol connects
      carol> [HELLO]:1
      carol> carol
      carol< NICK
      carol< carol joined!
      carol< [WELCOME]:1⇥room=lobby⇥seq=3⇥members=3⇥max-file=100000000
      carol< Connected to server!
      carol> [MSG]:BOB psst: you
      carol< [MSG]:carol psst: you⇥to=bob
      """)
    try bob.expect("carol joined!")
    try bob.expect("[NOTICE]:carol tells you: psst: you")
    try bob.send("[MSG]:carol what\n[MSG]:nobody x\n[MSG]:a b\n[MSG]:bob me\n")
    try bob.expect("[MSG]:bob what\tto=carol")
    try bob.expectError("no-such-nick")
    try bob.expectError("no-such-nick")
    try bob.expect("[MSG]:bob me\tto=bob")
    try session.play("carol< [MSG]:bob what⇥to=carol")
    try alice.expect("carol joined!")
    try alice.expectNothing()
  }

  @Test("what the server does not know or take is refused to its sender alone")
  func badTags() throws {
    let (_, alice, bob) = try room()
    for (line, code) in [
      ("[FOO]:bar", "unknown-tag"), ("[LOL]: funny", "unknown-tag"), ("[MSG]:", "bad-tag"),
      ("[MSG]:bob", "bad-tag"), ("[PING]:x\tnot-an-attribute", "bad-tag"),
      ("[HELLO]:1", "bad-tag"), ("[PASS]:x", "bad-tag"), ("[ROOM]:cellar", "room-not-found"),
      ("[ROOM]:no room", "room-not-found"),
    ] {
      try alice.send(line + "\n")
      try alice.expectError(code)
    }
    try alice.send("[ROOM]:lobby\n")
    try alice.expect("You are in lobby")
    try alice.send(bytes: Array("[PING]:".utf8) + [UInt8](repeating: 1, count: 8_000) + [0x0A])
    try alice.expectError("line-too-long")
    try alice.send("still here\n")
    try bob.expect("alice: still here")
  }

  @Test("an answer never overtakes what it answers, and comes before what follows")
  func answers() throws {
    let (_, alice, bob) = try room()
    for round in 0..<50 {
      try alice.send("a\(round)\n[PING]:\(round)\nb\(round)\n")
      try alice.expect("alice: a\(round)")
      try alice.expect("[PONG]:\(round)")
      try alice.expect("alice: b\(round)")
      try bob.expect("alice: a\(round)")
      try bob.expect("alice: b\(round)")
    }
  }

  @Test("talk and questions of many at once, each answer in its place")
  func questionsInTraffic() throws {
    let server = try TestServer("--rate", "0")
    var people: [TestSocket] = []
    for number in 0..<10 { people.append(try server.join("u\(number)")) }
    for round in 0..<200 {
      for person in people { try person.send("hi\n[PING]:\(round)\n") }
      for (number, person) in people.enumerated() {
        var hasSpoken = false
        while true {
          let line = try person.line()
          if line == "u\(number): hi" { hasSpoken = true }
          if line == "[PONG]:\(round)" { break }
        }
        #expect(hasSpoken)
      }
    }
  }

  @Test("[ROOM] tells a client that said [HELLO] the numbers of the room")
  func whereabouts() throws {
    var session = Transcript(try TestServer())
    try session.play(
      """
      alice connects
      alice> [HELLO]:1
      alice> alice
      alice> hello
      alice> [ROOM]:lobby
      alice< NICK
      alice< alice joined!
      alice< [WELCOME]:1⇥room=lobby⇥seq=1⇥members=1⇥max-file=100000000
      alice< Connected to server!
      alice< alice: hello
      alice< [ROOM]:lobby⇥seq=2⇥members=1
      """)
  }

  @Test("nobody reads the log: the room goes on, and the server stops when it is told to")
  func unreadLog() throws {
    let server = try TestServer("--log-level", "debug", "--rate", "0", hasUnreadErrors: true)
    let alice = try server.join("alice")
    for _ in 0..<5_000 { try alice.send("[FOO]:\n") }
    for _ in 0..<5_000 { try alice.expectError("unknown-tag") }
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    try bob.send("hello\n")
    try alice.expect("bob: hello")
    server.program.signal(15)
    try alice.expectError("shutting-down")
    #expect(try server.program.exitCode() == 0)
  }

  @Test("who sends faster than --rate is read more slowly, and loses nothing")
  func rate() throws {
    let server = try TestServer("--rate", "200")
    let alice = try server.join("alice")
    let lines = (1...2_300).map { "\($0)" }
    try alice.send(lines.joined(separator: "\n") + "\n")
    for line in lines { try alice.expect("alice: \(line)") }
    #expect(server.program.errors.contains("alice joined"))
  }

  @Test("who asks without reading the answers is cut, and the others go on")
  func asksWithoutReading() throws {
    let server = try TestServer("--rate", "0", "--log-level", "info", "--reader-timeout", "2")
    let alice = try server.join("alice")
    let mallory = try server.join("mallory")
    try alice.expect("mallory joined!")
    let questions = Array(
      String(repeating: "[PING]:\(String(repeating: "x", count: 4_000))\n", count: 16).utf8)
    // Sends until the server no longer takes it: then it waits for us to read.
    var fullSince = 0
    while fullSince < 400 {
      let sent = try questions.withUnsafeBytes { try mallory.stream.send($0) }
      fullSince = sent.count == 0 ? fullSince + 1 : 0
      if sent.count == 0 { try alice.expectNothing() }
      if server.program.errors.contains("slow consumer") { break }
    }
    try alice.expect("mallory left!")
    try eventually("the log says why") {
      server.program.errors.contains("mallory left: slow consumer")
    }
    try alice.expectNothing()
  }

  @Test("a private room can be made in the handshake, and nobody in the lobby notices")
  func newRoomInHandshake() throws {
    let server = try TestServer()
    let carol = try server.join("carol")
    let alice = try server.connect()
    try alice.expect("NICK")
    try alice.send("[HELLO]:1\n[ROOM]:#other\n[NEWROOM]:\nalice\n")
    try alice.expect("alice joined!")
    let welcome = try alice.line() ?? ""
    try alice.expect("Connected to server!")
    let code = welcome.dropFirst("[WELCOME]:1\troom=".count).prefix { $0 != "\t" }
    #expect(code.count == 6 && welcome.contains("\tseq=1\tmembers=1\t"), "\(welcome)")
    let bob = try server.connect()
    try bob.expect("NICK")
    try bob.send("[ROOM]:\(code)\nbob\n")
    try alice.expect("bob joined!")
    // What is said last counts.
    let dave = try server.connect()
    try dave.expect("NICK")
    try dave.send("[HELLO]:1\n[NEWROOM]:\n[ROOM]:#other\ndave\n")
    try dave.expect("dave joined!")
    #expect(try dave.line()?.hasPrefix("[WELCOME]:1\troom=#other\t") == true)
    try carol.expectNothing()
  }
}
