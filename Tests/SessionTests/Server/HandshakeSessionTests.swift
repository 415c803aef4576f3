import ChatSystem
import TestKit
import Testing

/// Section 3 of the protocol, against the real server.
@Suite("Handshake over a socket", .timeLimit(.minutes(1)))
struct HandshakeSessionTests {
  @Test("a client that says [HELLO] is welcomed with the room's numbers")
  func hello() throws {
    var session = Transcript(try TestServer())
    try session.play(
      """
      alice connects
      alice< NICK
      alice> [HELLO]:1
      alice> [ROOM]:lobby
      alice> alice
      alice< alice joined!
      alice< [WELCOME]:1⇥room=lobby⇥seq=1⇥members=1⇥max-file=100000000
      alice< Connected to server!
      alice> one
      alice< alice: one
      bob connects
      bob< NICK
      bob> [HELLO]:1
      bob> bob
      bob< bob joined!
      bob< [WELCOME]:1⇥room=lobby⇥seq=3⇥members=2⇥max-file=100000000
      bob< Connected to server!
      """)
  }

  @Test("all of it may come in one piece, CR LF and what is said included")
  func pipelined() throws {
    let alice = try TestServer().connect()
    try alice.send("[HELLO]:1\r\nalice\r\nhello\r\nexit\r\nnever said\r\n")
    for line in ["NICK", "alice joined!"] { try alice.expect(line) }
    _ = try alice.line()
    for line in ["Connected to server!", "alice: hello", "Bye!"] { try alice.expect(line) }
    try alice.expectEnd()
  }

  @Test("a byte at a time")
  func byteByByte() throws {
    let alice = try TestServer().connect()
    for byte in Array("älice\nhé🎉\n".utf8) { try alice.send(bytes: [byte]) }
    for line in ["NICK", "älice joined!", "Connected to server!", "älice: hé🎉"] {
      try alice.expect(line)
    }
  }

  @Test(
    "a nickname that is none is refused, and nobody else hears of it",
    arguments: [
      "a b", " ", "a:b", "[a]", "a\u{1B}[2Jb", "a\u{0}", "123456789012345678901234567890123",
      "Server", "🎉", "a\u{202E}b",
    ])
  func invalid(_ nickname: String) throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let other = try server.connect()
    try other.expect("NICK")
    try other.send("\(nickname)\n")
    try other.expectError("nick-invalid")
    try other.expect("NICK")
    try other.send("bob\n")
    try other.expect("bob joined!")
    try alice.expect("bob joined!")
  }

  @Test("a nickname of ill-formed UTF-8 is refused")
  func illFormed() throws {
    let socket = try TestServer().connect()
    try socket.expect("NICK")
    try socket.send(bytes: [0x61, 0xFF, 0x0A])
    try socket.expectError("nick-invalid")
  }

  @Test("a nickname in use is refused in any case, and free again when its owner left")
  func inUse() throws {
    let server = try TestServer()
    var session = Transcript(server)
    try session.play(
      """
      alice connects
      alice< NICK
      alice> Alice
      alice< Alice joined!
      alice< Connected to server!
      other connects
      other< NICK
      other> aLICE
      other< [ERROR]:the nickname 'aLICE' is in use⇥code=nick-in-use
      other< NICK
      alice> exit
      alice< Bye!
      alice< (end)
      """)
    // The name is free right after everyone was told; that nobody is left to tell does not show.
    var isFree = false
    for _ in 0..<3 where !isFree {
      try session.play("other> aLICE")
      isFree = try session["other"]?.line() == "aLICE joined!"
      if !isFree { try session.play("other< NICK") }
    }
    #expect(isFree)
  }

  @Test("five refusals end the connection")
  func fiveRefusals() throws {
    let socket = try TestServer().connect()
    for _ in 0..<5 {
      try socket.expect("NICK")
      try socket.send("a b\n")
      try socket.expectError("nick-invalid")
    }
    try socket.expectError("too-many-tries")
    try socket.expectEnd()
  }

  @Test("other refusals count too, and a line too long is one")
  func otherRefusals() throws {
    let socket = try TestServer().connect()
    try socket.expect("NICK")
    for (line, code) in [
      ("[FOO]:x", "unknown-tag"), ("[WHO]:", "bad-tag"), ("[ROOM]:cellar", "room-not-found"),
      ("[HELLO]:2", "bad-tag"),
    ] {
      try socket.send(line + "\n")
      try socket.expectError(code)
      try socket.expect("NICK")
    }
    try socket.send(String(repeating: "x", count: 9_000) + "\n")
    try socket.expectError("line-too-long")
    try socket.expectError("too-many-tries")
    try socket.expectEnd()
  }

  @Test("whoever chooses no nickname in time is told and let go")
  func timeout() throws {
    let socket = try TestServer("--handshake-timeout", "1").connect()
    try socket.expect("NICK")
    try socket.expect("[NOTICE]:No nickname in time. Try again.")
    try socket.expectEnd()
  }

  @Test("lines that cost their sender waiting do not make the handshake any longer")
  func timeoutWhileHeldBack() throws {
    let server = try TestServer("--handshake-timeout", "1", "--rate", "1")
    for line in ["\n", "[PONG]:\n"] {
      let socket = try server.connect()
      try socket.expect("NICK")
      try socket.send(String(repeating: line, count: 8_000))
      try socket.expect("[NOTICE]:No nickname in time. Try again.")
      try socket.expectEnd()
    }
  }

  @Test("a client that vanishes anywhere in the handshake leaves nothing behind")
  func vanishing() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let threads = server.threads
    let descriptors = server.descriptors
    for said in ["", "[HELLO]:1\n", "[HELLO]:1\n[ROO", "a b\n", "[ROOM]:", "\n\n", "ALICE\n"] {
      // Closing a socket with unread input resets the connection: both ends are tried.
      for readsFirst in [true, false] {
        let socket = try server.connect()
        if readsFirst { try socket.expect("NICK") }
        try socket.send(said)
      }
    }
    // Even who vanishes inside the nickname has chosen it, if the stream ended well.
    var bob: TestSocket? = try server.connect()
    try bob?.expect("NICK")
    try bob?.send("bo")
    bob = nil
    try alice.expect("bo joined!")
    try alice.expect("bo left!")
    // A version 1 client would say it again, and so has not said it.
    let carol = try server.connect()
    try carol.expect("NICK")
    try carol.send("[HELLO]:1\ncarol\nhalf a li")
    carol.stream.shutdownWriting()
    try alice.expect("carol joined!")
    try alice.expect("carol left!")
    try eventually("threads are back") { server.threads <= threads }
    try eventually("descriptors are back") { server.descriptors <= descriptors }
    try alice.expectNothing()
  }

  @Test("one more than --max-clients is told and closed, and let in when there is a place")
  func full() throws {
    let server = try TestServer("--max-clients", "2")
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    let carol = try server.connect()
    try carol.expectError("server-full")
    try carol.expectEnd()
    try bob.send("exit\n")
    try alice.expect("bob left!")
    try bob.expect("Bye!")
    try eventually("carol gets in") {
      let again = try server.connect()
      return try again.line() == "NICK"
    }
    try alice.expectNothing()
  }

  @Test(
    "what a page has a browser send is not said, however long it waited and however long its address is",
    arguments: ["/", "/" + String(repeating: "x", count: 10_000)])
  func browser(_ path: String) throws {
    let server = try TestServer()
    let alice = try server.connect()
    try alice.expect("NICK")
    try alice.send("alice\n")
    for line in ["alice joined!", "Connected to server!"] { try alice.expect(line) }
    let browser = try server.connect()
    // A connection that was opened before it is needed is greeted, and used later.
    try browser.expect("NICK")
    try browser.send(
      "POST \(path) HTTP/1.1\r\nHost: \(server.address)\r\nOrigin: http://evil.example\r\n"
        + "Content-Type: text/plain\r\nContent-Length: 14\r\n\r\nmallory\nspam\n")
    if path.utf8.count > 1_000 {
      // The line was too long to be one.
      #expect(try browser.line()?.contains("code=line-too-long") == true)
      try browser.expect("NICK")
    }
    try browser.expectEnd()
    try alice.send("hello\n")
    try alice.expect("alice: hello")
  }
}
