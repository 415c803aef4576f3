import ChatSystem
import TestKit
import Testing

/// What programs send before the nickname that is no part of it.
@Suite("First bytes", .timeLimit(.minutes(1)))
struct FirstBytesTests {
  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  @Test(
    "a byte order mark and telnet's negotiation are no part of a nickname, whole or a byte at a time",
    arguments: [
      mark,
      [0xFF, 0xFB, 0x01],
      [0xFF, 0xFD, 0x0A],
      [0xFF, 0xFA, 0x18, 0x00, 0x0A, 0x78, 0xFF, 0xFF, 0xFF, 0xF0],
      [0xFF, 0xFB, 0x1F, 0xFF, 0xFE, 0x03, 0xFF, 0xFC, 0x03, 0xFF, 0xF1] + mark,
    ])
  func dropped(_ first: [UInt8]) throws {
    let server = try TestServer()
    for isWhole in [true, false] {
      let bob = try server.connect()
      try bob.expect("NICK")
      let bytes = first + Array("bob\nhi\n".utf8)
      if isWhole {
        try bob.send(bytes: bytes)
      } else {
        for byte in bytes { try bob.send(bytes: [byte]) }
      }
      for line in ["bob joined!", "Connected to server!", "bob: hi"] { try bob.expect(line) }
      try bob.send("exit\n")
      try bob.expect("Bye!")
      try bob.expectEnd()
    }
  }

  @Test("telnet's line end is one, before the nickname and after it")
  func carriageReturnNull() throws {
    let bob = try TestServer().connect()
    try bob.expect("NICK")
    try bob.send("bob\r\u{0}hi\r\u{0}there\r\n")
    for line in ["bob joined!", "Connected to server!", "bob: hi", "bob: there"] {
      try bob.expect(line)
    }
  }

  @Test(
    "a classic file can be ended by whoever ends lines with CR LF or CR NUL",
    arguments: ["\r\n", "\r\u{0}"])
  func classicFile(_ end: String) throws {
    let bob = try TestServer().connect()
    try bob.expect("NICK")
    try bob.send(["bob", "[FILE]:a.txt", "hello", "<END>", "exit", ""].joined(separator: end))
    for line in ["bob joined!", "Connected to server!", "bob sent a.txt (7 B)"] {
      try bob.expect(line)
    }
    try bob.expect("Bye!")
  }

  @Test("who negotiated before the nickname may after it")
  func afterwards() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.connect()
    try bob.send(bytes: [0xFF, 0xFD, 0x03] + Array("bob\n".utf8))
    for line in ["NICK", "bob joined!", "Connected to server!"] { try bob.expect(line) }
    try bob.send(bytes: [0xFF, 0xF4, 0xFF, 0xFD, 0x06] + Array("hi\n".utf8))
    try bob.expect("bob: hi")
    for line in ["bob joined!", "bob: hi"] { try alice.expect(line) }
    // Who did not negotiate sends text, and what is no UTF-8 there reads as that.
    try alice.send(bytes: Array("caf".utf8) + [0xFF, 0xFD, 0x0A])
    try bob.expect("alice: caf\u{FFFD}\u{FFFD}")
  }

  @Test("the bytes of a refused file are not taken for telnet's")
  func refusedFile() throws {
    let bob = try TestServer().connect()
    try bob.expect("NICK")
    try bob.send(
      bytes: Array("[FILE]:a\n".utf8) + [0xFF, 0xFD, 0x0A, 0xFF] + Array("<END>\nbob\n".utf8))
    try bob.expectError("bad-tag")
    try bob.expect("NICK")
    try bob.expect("bob joined!")
  }

  @Test("who sends a nickname without a line end is told so when the time is over")
  func withoutLineEnd() throws {
    let bob = try TestServer("--handshake-timeout", "1").connect()
    try bob.expect("NICK")
    try bob.send("bob")
    let notice = try bob.line() ?? ""
    #expect(notice.hasPrefix("[NOTICE]:No nickname in time"))
    #expect(notice.contains("LF"), "\(notice)")
    try bob.expectEnd()
  }
}
