import TestKit
import Testing

/// Nobody can pass for somebody else, or for the programs.
@Suite("Look-alike nicknames", .timeLimit(.minutes(1)))
struct LookalikeTests {
  private static func expectRefusal(_ name: String, _ code: String, by server: TestServer) throws {
    let socket = try server.connect()
    try socket.expect("NICK")
    try socket.send("\(name)\n")
    do { try socket.expectError(code) } catch { throw Failure("\(name): \(error)") }
  }

  @Test("with alice in, whatever looks like alice is in use")
  func lookalikes() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    for name in [
      "ａｌｉｃｅ", "Ａｌｉｃｅ", "𝐚𝐥𝐢𝐜𝐞", "𝐀𝐥𝐢𝐜𝐞", "𝓐𝓛𝓘𝓒𝓔", "\u{430}lice", "\u{410}lice", "al\u{456}ce",
      "alic\u{435}", "a1ice",
      "aIice", "\u{3B1}lice", "ALICE", "ali\u{307}ce", "al\u{131}\u{307}ce", "ALlCE", "AL1CE",
    ] { try Self.expectRefusal(name, "nick-in-use", by: server) }
    try alice.expectNothing()
  }

  @Test("nobody is renamed to a look-alike either, and what looks like one's own name is one's own")
  func renaming() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    try bob.send("[NICK]:a1ice\n")
    try bob.expectError("nick-in-use")
    try bob.send("[NICK]:b\u{43E}b\n[NICK]:Here\n")
    try bob.expectError("nick-invalid")
    try bob.expectError("nick-invalid")
    try alice.send("[NICK]:a1ice\n")
    for socket in [alice, bob] { try socket.expect("alice is now a1ice") }
    // Neither spelling is free now, but the old one when its owner has left for good.
    try Self.expectRefusal("alice", "nick-in-use", by: server)
    try Self.expectRefusal("aIice", "nick-in-use", by: server)
    try alice.send("[NICK]:carol\n")
    for socket in [alice, bob] { try socket.expect("a1ice is now carol") }
    // The old name is free when everyone has been told.
    try alice.send("[PING]:x\n")
    try alice.expect("[PONG]:x")
    try bob.send("[NICK]:alice\n")
    try bob.expect("bob is now alice")
    try bob.send("[MSG]:a1ice hi\n")
    try bob.expectError("no-such-nick")
  }

  @Test("a name of several scripts is none, unless they are written together")
  func scripts() throws {
    let server = try TestServer()
    for name in ["b\u{43E}b", "Ωmega", "аbс"] {
      try Self.expectRefusal(name, "nick-invalid", by: server)
    }
    for name in ["дима", "さくら木ab", "김bob", "bob-7_x"] { _ = try server.join(name) }
  }

  @Test("nobody is called what the programs print themselves")
  func reserved() throws {
    let server = try TestServer()
    for name in [
      "Here", "ROOMS", "you", "Y0u", "notice", "N0TICE", "ｎｏｔｉｃｅ", "chat-client", "server", "error",
    ] {
      try Self.expectRefusal(name, "nick-invalid", by: server)
    }
  }

  @Test("numbered names do not get in each other's way")
  func numbered() throws {
    let server = try TestServer()
    let sockets = try (0..<120).map { number in
      let socket = try server.connect()
      try socket.send("user\(number)\n")
      return (socket, "user\(number) joined!")
    }
    for (socket, line) in sockets {
      while let next = try socket.line(), next != line { try #require(!next.hasPrefix("[ERROR]")) }
    }
  }
}
