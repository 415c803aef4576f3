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
    try alice.expectNothing()
  }

  @Test("a query is charged for its own work, not for that of an upload before it")
  func queryAfterUpload() throws {
    let server = try TestServer("--rate", "3")
    let alice = try server.joinSpeaking("alice")
    // Its checksums cost more than the burst and as many tokens as seconds that the answer is waited for.
    let bytes = [UInt8](repeating: 7, count: 60_000_000)
    try alice.send("[FILE]:a\n")
    try alice.send(bytes: bytes)
    try alice.send("<END>\n[ROOM]:lobby\tsince=0\n")
    while let line = try alice.line(), line != "[PAST]:\tend=1" {}
  }

  @Test("an upload of which nothing comes is over, and can be gone on with")
  func stalledUpload() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "1")
    let alice = try server.joinSpeaking("alice")
    let (path, _) = try alice.beginUpload("a", Self.bytes)
    let sending = try alice.another()
    try alice.requestPart(path, at: 0, length: Self.bytes.count, over: sending)
    try sending.send(bytes: Array(Self.bytes[..<500_000]))
    let reply = try sending.reply()
    #expect(reply.status == 408 && reply.code == "file-refused")
    #expect(try alice.askUpload(path).offset == 500_000)
    #expect(try alice.beginUpload("a", Self.bytes).offset == 500_000)
    let bob = try server.join("bob")
    try alice.expect("bob joined!")
    try bob.send(bytes: Array("[FILE]:a\n".utf8) + Self.bytes)
    try bob.expectError("file-refused")
    try bob.send("<END>\nhello\n")
    try bob.expect("bob: hello")
    try alice.expect("bob: hello")
  }

  @Test("who fetches and takes nothing is cut when its time is over, by HTTP as well")
  func stalledDownload() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "2")
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 50_000_000))
    let bob = try server.join("bob")
    let start = MonotonicTime.now
    let descriptors = server.descriptors
    let (fetching, _) = try bob.requestFile(id)
    try bob.send("[GET]:\(id)\n")
    while try alice.line() != "bob left!" {}
    // The room watches those that are blocked from the first one on.
    try eventually("both are gone") { server.descriptors <= descriptors }
    #expect(MonotonicTime.now - start < .seconds(12))
    // What has come of it is followed by nothing.
    while let line = try bob.line(), !line.hasPrefix("[FILE]:") {}
    var count = 0
    while let bytes = try? bob.bytes(1) {
      #expect(bytes == [1])
      count += 1
    }
    #expect(count < 50_000_000)
    withExtendedLifetime(fetching) {}
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
    // The sanitizer is slow with large files, and takes several times as much memory itself.
    let size = Environment.isSanitized ? 4_000_000 : 20_000_000
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: size)
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
    if !Environment.isSanitized { #expect(server.residentBytes - before < 32 * 1_048_576) }
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
