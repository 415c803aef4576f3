import ChatSystem
import TestKit
import Testing

/// What guessing a private room's code costs.
@Suite("Room codes", .timeLimit(.minutes(2)))
struct RoomCodeTests {
  /// Makes a private room that somebody stays in.
  private static func makeRoom(_ owner: TestSocket) throws -> String {
    try owner.send("[NEWROOM]:\n")
    while let line = try owner.line() {
      if line.hasPrefix("You are in ") { return String(line.dropFirst("You are in ".count)) }
    }
    throw Failure("no room")
  }

  /// Somebody who guesses wrong as fast as possible.
  private static func guess(on server: TestServer, _ number: Int) throws -> TestSocket {
    let socket = try server.connect()
    try socket.send("guesser\(number)\n")
    while try socket.line() != "Connected to server!" {}
    try socket.send(String(repeating: "[ROOM]:qqqqqq\n", count: 4))
    return socket
  }

  @Test("a right code takes as long as a wrong one, in the handshake and in a room")
  func time() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let code = try Self.makeRoom(alice)
    func measured(_ body: () throws -> Void) rethrows -> Duration {
      let start = MonotonicTime.now
      try body()
      return .now - start
    }
    let bob = try server.join("bob")
    let wrong = try measured {
      try bob.send("[ROOM]:qqqqqq\n")
      try bob.expectError("room-not-found")
    }
    #expect(wrong >= .milliseconds(500))
    let carol = try server.join("carol")
    let right = try measured {
      try carol.send("[ROOM]:\(code)\n")
      while try carol.line() != "You are in \(code)" {}
    }
    #expect(right >= .milliseconds(500))
    // The room that nobody is in, which only the history knows, and the one that somebody is.
    let dave = try server.join("dave")
    let left = try Self.makeRoom(dave)
    try dave.send("exit\n")
    while try dave.line() != nil {}
    for code in [code, left, "qqqqqq"] {
      let dora = try server.connect()
      try dora.expect("NICK")
      let taken = try measured {
        try dora.send("[ROOM]:\(code)\n[PING]:x\n")
        while try dora.line() != "[PONG]:x" {}
      }
      #expect(taken >= .milliseconds(500), "\(code)")
    }
  }

  @Test("many connections together guess no faster than ten times a second")
  func together() throws {
    let server = try TestServer()
    let guessers = try (0..<60).map { try Self.guess(on: server, $0) }
    let start = MonotonicTime.now
    var answers = 0
    while MonotonicTime.now - start < .seconds(3), answers < 60 {
      for guesser in guessers {
        guard try guesser.stream.waitUntilReadable(for: .milliseconds(1)) else { continue }
        if try guesser.line()?.hasSuffix("\tcode=room-not-found") == true { answers += 1 }
      }
    }
    let seconds = Double((MonotonicTime.now - start).components.seconds + 1)
    #expect(Double(answers) <= 10 * seconds, "\(answers) in \(seconds) s")
  }

  @Test("a member comes back to its room while others guess, from the same address and from theirs")
  func member() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let code = try Self.makeRoom(alice)
    let bob = try server.connect()
    try bob.send("[ROOM]:\(code)\nbob\n")
    while try bob.line() != "Connected to server!" {}
    try bob.send("exit\n")
    try alice.expect("bob joined!")
    try alice.expect("bob left!")
    let guessers = try (0..<60).map { try Self.guess(on: server, $0) }
    // The first guesses have been answered: from now on every one waits.
    var answered = 0
    for guesser in guessers where answered < 4 {
      if try guesser.stream.waitUntilReadable(for: .seconds(1)) { answered += 1 }
    }
    // Who has never been there waits as all do, right or wrong, and whatever else is named.
    let strangers = try [
      "[ROOM]:\(code)\neve\n", "[ROOM]:\(code)\n[ROOM]:zzzzzz\nmallory\n", "[ROOM]:zzzzzz\nmary\n",
    ].map { lines in
      let stranger = try server.connect()
      try stranger.expect("NICK")
      try stranger.send(lines)
      return stranger
    }
    let again = try server.connect()
    try again.send("[ROOM]:\(code)\nbob\n")
    while let line = try again.line(), line != "Connected to server!" {
      #expect(!line.hasPrefix("[ERROR]"), "\(line)")
    }
    try again.send("[ROOM]:lobby\n[ROOM]:\(code)\n")
    while try again.line() != "You are in \(code)" {}
    // Wrong codes of a member have their turn where right ones have: it tells nothing. The first is tried when the
    // nickname is known.
    let wrong = try server.connect()
    try again.send("exit\n")
    while try again.line() != nil {}
    try wrong.send("[ROOM]:zzzzzz\nbob\n")
    while let line = try wrong.line(), !line.hasSuffix("\tcode=room-not-found") {
      #expect(!line.hasPrefix("[ERROR]"), "\(line)")
    }
    try wrong.send("[ROOM]:zzzzzz\n")
    while let line = try wrong.line(), !line.hasSuffix("\tcode=room-not-found") {}
    for stranger in strangers {
      #expect(try !stranger.stream.waitUntilReadable(for: .milliseconds(1)))
    }
    withExtendedLifetime(guessers) {}
  }

  @Test("a guess that waits ends with its connection, and nobody else's lines wait for it")
  func waiting() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let threads = server.threads
    var guessers = try (0..<40).map { try Self.guess(on: server, $0) }
    #expect(guessers.count == 40)
    try alice.send("hello\n")
    while let line = try alice.line(), line != "alice: hello" {}
    guessers = []
    // Dispatch's threads, which look after the files each second, come and go.
    try eventually("the threads of those who left end") { server.threads <= threads + 8 }
  }
}
