import ChatSystem
import Foundation
import TestKit
import Testing

/// What one client can't take from the others, with files.
@Suite("Limits of files", .timeLimit(.minutes(2)))
struct FileLimitTests {
  private static let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  @Test("a header that is refused does not turn the file into talk")
  func noTalk() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    try alice.send("[FILE]:my\tphoto.txt\nsecret one\nsecret two\n<END>\n")
    try alice.expectError("bad-tag")
    try alice.send("[FILE]:..\nsecret\n<END>\n")
    try alice.expectError("file-refused")
    try alice.send("[DATA]:1\tsize=7\toffset=x\nsecret\n")
    try alice.expectError("bad-tag")
    try alice.expectNothing()
  }

  @Test("a query is charged for its own work, not for that of an upload before it")
  func queryAfterUpload() throws {
    let server = try TestServer("--rate", "1")
    let alice = try server.joinSpeaking("alice")
    // Its checksums cost more than the burst and as many tokens as seconds that the answer is waited for.
    let bytes = [UInt8](repeating: 7, count: 60_000_000)
    #expect(try alice.announce("a", bytes) == 0)
    try alice.sendFrames(bytes)
    try alice.send("[ROOM]:lobby\tsince=0\n")
    while let line = try alice.line(), line != "[PAST]:\tend=1" {}
  }

  @Test("an upload of which nothing comes is over, and can be gone on with")
  func stalledUpload() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "1")
    let alice = try server.joinSpeaking("alice")
    #expect(try alice.announce("a", Self.bytes) == 0)
    try alice.sendFrames(Array(Self.bytes[..<500_000]))
    try alice.expectError("file-refused", id: "1")
    // What is still on its way is read and forgotten.
    try alice.sendFrames(Array(Self.bytes[..<600_000]), from: 500_000)
    #expect(try alice.announce("a", Self.bytes, id: "2") == 500_000)
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    try bob.send(bytes: Array("[FILE]:a\n".utf8) + Self.bytes)
    try bob.expectError("file-refused")
    try alice.expectError("file-refused", id: "2")
    try bob.send("<END>\nhello\n")
    try bob.expect("bob: hello")
    try alice.expect("bob: hello")
  }

  @Test("frames go on where the last one ended; what is there stays if one does not")
  func offsets() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    #expect(try alice.announce("a", Self.bytes) == 0)
    try alice.sendFrames(Array(Self.bytes[..<500_000]))
    try alice.send("[DATA]:1\toffset=400000\tsize=1\nx")
    try alice.expectError("file-mismatch", id: "1")
    #expect(try alice.announce("a", Self.bytes) == 500_000)
    try alice.send("[DATA]:1\toffset=500001\tsize=1\nx")
    try alice.expectError("file-mismatch", id: "1")
    #expect(try alice.announce("a", Self.bytes) == 500_000)
    try alice.sendFrames(Self.bytes, from: 500_000)
    // Everything is here when the connection breaks before the end is said.
    try alice.send("[PING]:x\n")
    try alice.expect("[PONG]:x")
    alice.stream.shutdownBoth()
    let again = try server.joinSpeaking("alice")
    #expect(try again.announce("a", Self.bytes) == Self.bytes.count)
    try again.send("<END>\tid=1\n")
    #expect(try again.download(try again.offer()) == Self.bytes)
  }

  @Test("who fetches and takes nothing is cut when its time is over")
  func stalledDownload() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "2")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 50_000_000))
    let bob = try server.joinSpeaking("bob")
    try bob.send("[GET]:\(id)\n")
    let start = MonotonicTime.now
    while try alice.line() != "bob left!" {}
    #expect(MonotonicTime.now - start < .seconds(12))
  }

  @Test("threads that send files end with them")
  func threads() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a", Self.bytes)
    let people = try (0..<20).map { try server.joinSpeaking("r\($0)") }
    let before = server.threads
    for person in people { #expect(try person.download(id) == Self.bytes) }
    try eventually("as many threads as before") { server.threads <= before + 2 }
    #expect(try people[0].download(id) == Self.bytes)
  }

  @Test("classic readers that ask and do not read keep no file from others, and cost no memory")
  func classicCrowd() throws {
    let server = try TestServer("--rate", "0", "--log-level", "warning")
    let alice = try server.joinSpeaking("alice")
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000_000)
    let id = try alice.upload("a", bytes)
    let bob = try server.join("bob")
    let crowd = try (0..<50).map { try server.join("c\($0)") }
    while try bob.line() != "c49 joined!" {}
    let before = server.residentBytes
    for person in crowd { try person.send("[GET]:\(id)\n[GET]:\(id)\n") }
    for person in crowd { while let line = try person.line(), !line.hasPrefix("[FILE]:") {} }
    try bob.send("[GET]:\(id)\n")
    try bob.expect("[FILE]:a\tsize=\(bytes.count)")
    #expect(try bob.bytes(bytes.count) == bytes)
    try bob.expect("<END>")
    #expect(server.residentBytes - before < 32 * 1_048_576)
    // Whoever reads at last gets all it asked for.
    for round in 0..<2 {
      if round == 1 { try crowd[0].expect("[FILE]:a\tsize=\(bytes.count)") }
      #expect(try crowd[0].bytes(bytes.count) == bytes)
      try crowd[0].expect("<END>")
    }
  }

  @Test("a classic sender is told of nobody's receipt")
  func classicSender() throws {
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.joinSpeaking("bob")
    try alice.expect("bob joined!")
    try alice.send("[FILE]:a\nabc<END>\n")
    try alice.expect("alice sent a (3 B)")
    try bob.send("[GOT]:\(try bob.offer())\n[PING]:x\n")
    try bob.expect("[PONG]:x")
    try alice.expectNothing()
  }
}
