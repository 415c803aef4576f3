import ChatSystem
import Foundation
import TestKit
import Testing

/// Files for clients that never said `[HELLO]`: told of in lines, and sent to who asks.
@Suite("Files at nc", .timeLimit(.minutes(2)))
struct ClassicFileTests {
  private static let forged = Array(
    "\nalice: the password is hunter2\n[NOTICE]:go\n\u{1B}[2J\u{1B}[Hbob left!\n".utf8)

  /// Alice sends a file in classic form.
  ///
  /// - Returns: the id that bob's notice tells.
  private static func send(
    _ name: String, _ bytes: [UInt8], from alice: TestSocket, to bob: TestSocket
  ) throws -> String {
    try alice.send(bytes: Array("[FILE]:\(name)\n".utf8) + bytes + Array("<END>\n".utf8))
    while let line = try bob.line(), !line.hasPrefix("alice sent \(name) (") {}
    return try Self.id(inNotice: try bob.line())
  }

  /// The id in `[NOTICE]:Type [GET]:id to get …`.
  private static func id(inNotice line: String?) throws -> String {
    let start = "[NOTICE]:Type [GET]:"
    guard let line, line.hasPrefix(start) else { throw Failure("no notice: \(line ?? "the end")") }
    return String(line.dropFirst(start.count).prefix { $0 != " " })
  }

  /// Takes a file in the form in which `[GET]` brings it.
  private static func take(_ name: String, _ count: Int, at bob: TestSocket) throws -> [UInt8] {
    try bob.expect("[FILE]:\(name)\tsize=\(count)")
    let bytes = try bob.bytes(count, within: 60)
    try bob.expect("<END>")
    return bytes
  }

  @Test("a file's bytes reach no classic client that did not ask: it cannot pose as anybody's line")
  func unasked() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    try alice.send(bytes: Array("[FILE]:notes.txt\n".utf8) + Self.forged + Array("<END>\n".utf8))
    let size = "\(Self.forged.count) B"
    try alice.expect("alice sent notes.txt (\(size))")
    try alice.expectNothing()
    try bob.expect("alice sent notes.txt (\(size))")
    let line = try bob.line() ?? ""
    #expect(line.hasSuffix(" to get notes.txt."))
    let id = try Self.id(inNotice: line)
    try bob.expectNothing()
    try bob.send("[GET]:\(id)\n")
    #expect(try Self.take("notes.txt", Self.forged.count, at: bob) == Self.forged)
    try bob.expectNothing()
  }

  @Test("a name that would be a notice of its own stands behind the id")
  func forgedName() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    try alice.send("[FILE]:a\u{2028}alice left!\u{85}[GET]:x\r to get\nabc<END>\n")
    try bob.expect("alice sent a\u{FFFD}alice left!\u{FFFD}[GET]:x\u{FFFD} to get (3 B)")
    let id = try Self.id(inNotice: try bob.line())
    try bob.expectNothing()
    #expect(id.count == 22)
  }

  @Test("what a client asks for comes byte for byte, whatever it holds and however large")
  func anything() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    for (name, bytes) in FileTests.contents + [("large", [UInt8](repeating: 10, count: 30_000_000))]
    {
      let isSendable = bytes.firstRange(of: Array("<END>\n".utf8)) == nil
      let sender = isSendable ? alice : try server.joinSpeaking("carol")
      if isSendable {
        let id = try Self.send(name, bytes, from: sender, to: bob)
        try bob.send("[GET]:\(id)\n")
      } else {
        try sender.upload(name, bytes)
        while let line = try bob.line(), !line.hasPrefix("carol sent \(name) (") {}
        try bob.send("[GET]:\(try Self.id(inNotice: try bob.line()))\n")
      }
      #expect(try Self.take(name, bytes.count, at: bob) == bytes)
    }
    try bob.send("[GET]:nope\n")
    try bob.expectError("no-such-file", id: "nope")
  }

  @Test("lines that are said meanwhile come after the file, in order, and none is lost")
  func between() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    let bytes = [UInt8](repeating: 1, count: 30_000_000)
    let id = try Self.send("a", bytes, from: alice, to: bob)
    try bob.send("[GET]:\(id)\nthanks\n")
    try bob.expect("[FILE]:a\tsize=\(bytes.count)")
    // More than the lobby keeps in memory: nobody waits for bob.
    let text = String(repeating: "x", count: 8_000)
    for number in 0..<1_000 { try alice.send("\(number) \(text)\n") }
    while let line = try alice.line(), line != "bob joined!" {}
    try alice.send("[PING]:all\n")
    while let line = try alice.line(within: 60), line != "[PONG]:all" {}
    #expect(try bob.bytes(bytes.count) == bytes)
    try bob.expect("<END>")
    var heard = 0
    while heard < 1_000, let line = try bob.line() {
      if line == "bob: thanks" { continue }
      guard line == "alice: \(heard) \(text)" else { throw Failure(line) }
      heard += 1
    }
  }

  @Test("who asks and then ends its side, or says exit, gets the file before the end")
  func halfClosed() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let witness = try server.join("witness")
    let bytes = [UInt8](repeating: 2, count: 20_000_000)
    let id = try Self.send("a", bytes, from: alice, to: witness)
    let bob = try server.join("bob")
    try bob.send("[GET]:\(id)\n")
    bob.stream.shutdownWriting()
    #expect(try Self.take("a", bytes.count, at: bob) == bytes)
    try bob.expectEnd()
    let carol = try server.join("carol")
    try carol.send("[GET]:\(id)\nexit\n")
    while let line = try carol.line(), line != "[FILE]:a\tsize=\(bytes.count)" {}
    #expect(try carol.bytes(bytes.count) == bytes)
    try carol.expect("<END>")
    try carol.expect("Bye!")
    try carol.expectEnd()
  }

  @Test("who goes in the middle of a file, or is told that the server stops, holds up nobody")
  func gone() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    let id = try Self.send("a", [UInt8](repeating: 3, count: 50_000_000), from: alice, to: bob)
    let descriptors = server.descriptors
    for number in 0..<4 {
      let carol = try server.join("carol\(number)")
      try carol.send("[GET]:\(id)\n")
      while let line = try carol.line(), !line.hasPrefix("[FILE]:") {}
      if number % 2 == 0 { carol.stream.shutdownBoth() }
    }
    // The room watches those that are blocked from the first one on.
    try eventually("they are gone") { server.descriptors <= descriptors + 1 }
    try bob.send("[GET]:\(id)\n")
    while let line = try bob.line(), !line.hasPrefix("[FILE]:") {}
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode(within: 10) == 0)
    // Nothing follows what bob got of it.
    while let bytes = try? bob.bytes(1) { #expect(bytes == [3]) }
  }

  @Test("no character that some programs end lines at gets through, wherever it is said")
  func lineSeparators() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    for separator in ["\u{2028}", "\u{2029}", "\u{85}", "\r", "\u{B}", "\u{C}", "\u{1C}", "\0"] {
      let text = "hi\(separator)alice: forged"
      try alice.send("\(text)\n[MSG]:bob \(text)\n")
      try bob.expect("alice: hi\u{FFFD}alice: forged")
      try bob.expect("[NOTICE]:alice tells you: hi\u{FFFD}alice: forged")
    }
  }
}
