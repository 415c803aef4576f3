import ChatSystem
import Foundation
import TestKit
import Testing

/// Whatever a sender or a receiver does wrong is told to that one, and changes nothing else.
@Suite("Files in trouble", .timeLimit(.minutes(2)))
struct FileTroubleTests {
  private static let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  /// Somebody who sends, and somebody who is not to notice.
  private static func people(
    _ arguments: String...
  ) throws -> (server: TestServer, alice: TestSocket, bob: TestSocket) {
    let server = try TestServer(arguments: ["--rate", "0"] + arguments)
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    try alice.expect("bob joined!")
    return (server, alice, bob)
  }

  /// Bob has noticed nothing, and everyone can go on.
  private static func expectPeace(_ alice: TestSocket, _ bob: TestSocket) throws {
    try alice.send("still here\n")
    try alice.expect("alice: still here")
    try bob.expect("alice: still here")
  }

  @Test("a declared size that lies, in either direction, and a wrong checksum")
  func lies() throws {
    let (server, alice, bob) = try Self.people()
    let bytes = Self.bytes
    // Less than declared: nothing but a beginning.
    let (short, _) = try alice.beginUpload("a", bytes)
    #expect(try alice.sendPart(short, at: 0, bytes.dropLast()).status == 204)
    #expect(try server.storedFiles() == 0)
    #expect(try alice.sendPart(short, at: bytes.count - 1, [0x5A, 0x5A]).status == 413)
    // The last byte is another.
    #expect(try alice.sendPart(short, at: bytes.count - 1, [0x5A]).status == 460)
    // More, and more than nothing.
    let (half, _) = try alice.beginUpload("a", Array(bytes[..<50_000]))
    #expect(try alice.sendPart(half, at: 0, bytes[...]).status == 413)
    // Other bytes.
    #expect(try alice.sendPart(half, at: 0, bytes[50_000...]).status == 460)
    // A hole.
    let (hole, _) = try alice.beginUpload("b", bytes)
    #expect(try alice.sendPart(hole, at: 10, [0x78]).status == 409)
    try Self.expectPeace(alice, bob)
    #expect(try server.storedFiles() == 0)
    // And right in the end.
    #expect(try alice.sendPart(hole, at: 0, bytes[...]).status == 204)
    try bob.expect("alice sent b (100 kB)")
    #expect(try bob.download(try bob.offer()) == bytes)
    #expect(try server.partialFiles() == 0)
  }

  @Test(
    "names that are none are refused, all others are the last component", arguments: [false, true])
  func names(isClassic: Bool) throws {
    let (_, alice, bob) = try Self.people()
    for name in ["", ".", "..", "a/..", "a/", "\\", String(repeating: "x", count: 300)] {
      if isClassic {
        try alice.send("[FILE]:\(name)\nabc<END>\n")
        try alice.expectError("file-refused")
      } else {
        let reply = try alice.postFile(name, [1])
        #expect(reply.status == 400 && (reply.code == "file-refused" || name.isEmpty), "\(name)")
      }
    }
    try Self.expectPeace(alice, bob)
    for (raw, name) in [
      ("../x", "x"), ("/etc/passwd", "passwd"), (".ssh/authorized_keys", "authorized_keys"),
      ("a\\b", "b"), ("a..b.pdf", "a..b.pdf"), ("\u{1B}[2Jx", "\u{FFFD}[2Jx"),
      ("x\u{202E}y", "x\u{FFFD}y"),
      ("n\0l", "n\u{FFFD}l"),
    ] {
      if isClassic {
        try alice.send("[FILE]:\(raw)\nabc<END>\n")
      } else {
        try alice.upload(raw, Array("abc".utf8))
      }
      try bob.expect("alice sent \(name) (3 B)")
      _ = try bob.offer()
    }
  }

  @Test("too large is found out from the header, classic as soon as it is")
  func tooLarge() throws {
    let (server, alice, bob) = try Self.people("--max-file", "50k")
    let reply = try alice.postFile("a", Self.bytes)
    #expect(reply.status == 413 && reply.code == "file-too-large")
    try alice.send(bytes: Array("[FILE]:a\n".utf8) + Self.bytes + Array("<END>\n".utf8))
    try alice.expectError("file-too-large")
    try Self.expectPeace(alice, bob)
    #expect(try server.partialFiles() == 0)
    #expect(try server.storedFiles() == 0)
  }

  @Test("the sender is gone half-way: nobody sees it, and no descriptor or classic file is left")
  func gone() throws {
    let (server, alice, bob) = try Self.people()
    let before = server.descriptors
    for isClassic in [false, true] {
      let carol = try server.joinSpeaking("carol")
      try bob.expect("carol joined!")
      if isClassic {
        try carol.send(bytes: Array("[FILE]:a\n".utf8) + Self.bytes)
      } else {
        let (path, _) = try carol.beginUpload("a", Self.bytes)
        let sending = try carol.another()
        try carol.requestPart(path, at: 0, length: Self.bytes.count, over: sending)
        try sending.send(bytes: Array(Self.bytes.dropLast()))
        try eventually("it has come") { try server.partialBytes() == Self.bytes.count - 1 }
      }
      try eventually("it has come") { try server.partialFiles() == (isClassic ? 2 : 1) }
      carol.stream.shutdownBoth()
      try bob.expect("carol left!")
      // What can be gone on with waits for who does.
      try eventually("the classic one is gone") { try server.partialFiles() == 1 }
    }
    // One is the content, which a next request would go on with.
    try eventually("descriptors as before") { server.descriptors <= before + 1 }
    #expect(try server.storedFiles() == 0)
    while try alice.line() != "carol left!" {}
    while try alice.line() != "carol left!" {}
    try Self.expectPeace(alice, bob)
  }

  @Test("two files of one name at once")
  func several() throws {
    let (_, alice, bob) = try Self.people()
    let both = [Self.bytes, Self.bytes.reversed()]
    let paths = try both.map { try alice.beginUpload("a", $0).path }
    for start in stride(from: 0, to: 100_000, by: 50_000) {
      for (path, bytes) in zip(paths, both) {
        let part = bytes[start..<start + 50_000]
        #expect(try alice.sendPart(path, at: start, part).status == 204)
      }
    }
    for bytes in both {
      try bob.expect("alice sent a (100 kB)")
      #expect(try bob.download(try bob.offer()) == bytes)
    }
  }

  @Test("a server that keeps nothing takes no files, and says so")
  func noFiles() throws {
    let (server, alice, bob) = try Self.people("--no-history")
    #expect(try alice.postFile("a", [1]).code == "file-refused")
    try alice.send("[FILE]:a\nabc<END>\n[FILES]:\n")
    try alice.expectError("file-refused")
    try alice.expect("[FILES]:\tend=1")
    try Self.expectPeace(alice, bob)
    let carol = try server.join("carol")
    try carol.send("[GET]:x\n")
    try carol.expectError("no-such-file", id: "x")
  }

  @Test("the disk is full: the sender is told, the room goes on, and later it works")
  func fullDisk() throws {
    let (server, alice, bob) = try Self.people()
    // Enough for what the rooms need, which counts as files too, and too little for the file.
    try TroubleTests.limitFiles(of: server, to: "9000000")
    let bytes = [UInt8](repeating: 5, count: 12_000_000)
    let (path, _) = try alice.beginUpload("a", bytes)
    let reply = try alice.sendPart(path, at: 0, bytes[...])
    #expect(reply.status == 507 && reply.code == "file-refused")
    // What came of it does not keep the history from the rest of the disk.
    let partials = "\(server.data.path)/files/partial"
    #expect(try FileManager.default.contentsOfDirectory(atPath: partials) == [])
    try alice.send("[FILE]:b\n")
    try alice.send(bytes: bytes)
    try alice.send("<END>\n")
    try alice.expectError("file-refused")
    try Self.expectPeace(alice, bob)
    #expect(try server.storedFiles() == 0)
    try TroubleTests.limitFiles(of: server, to: "unlimited")
    try alice.upload("a", bytes)
    try bob.expect("alice sent a (12 MB)")
  }

  @Test("the oldest files go when there are too many, but none that is being fetched")
  func tooMany() throws {
    let (server, alice, bob) = try Self.people("--max-files", "50M")
    var ids: [String] = []
    func upload(_ number: Int) throws {
      ids.append(
        try alice.upload("\(number)", [UInt8](repeating: UInt8(number), count: 20_000_000)))
      try bob.expect("alice sent \(number) (20 MB)")
      #expect(try bob.offer() == ids[number])
    }
    try upload(0)
    try upload(1)
    // Bob begins to get the first, and stops reading.
    let (fetching, _) = try bob.requestFile(ids[0])
    let carol = try server.join("carol")
    ids.append(try alice.upload("2", [UInt8](repeating: 2, count: 20_000_000)))
    while let line = try carol.line(), !line.hasPrefix("[NOTICE]:") {}
    try carol.send("[GET]:\(ids[1])\n")
    try carol.expectError("no-such-file", id: ids[1])
    #expect(try fetching.bytes(20_000_000) == [UInt8](repeating: 0, count: 20_000_000))
    #expect(try server.storedFiles() == 2)
  }

  @Test(
    "who fetches and does not read, or leaves, costs nobody anything, and leaves nothing behind")
  func leaving() throws {
    let (server, alice, bob) = try Self.people()
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 50_000_000))
    while try bob.offer() != id {}
    let (descriptors, threads) = (server.descriptors, server.threads)
    for number in 0..<12 {
      let carol = try server.join("carol\(number)")
      if number % 2 == 0 {
        // It is closed with its last owner.
        #expect(try carol.requestFile(id).head.status == 200)
      } else {
        try carol.send("[GET]:\(id)\n")
        while try carol.line()?.hasPrefix("[FILE]:") != true {}
      }
      if number % 3 == 0 { try carol.send("exit\n") } else { carol.stream.shutdownBoth() }
    }
    // The room watches those that are blocked from the first one on.
    try eventually("all are gone") {
      server.descriptors <= descriptors + 1 && server.threads <= threads + 2
    }
    try alice.send("still here\n")
    while try bob.line() != "alice: still here" {}
  }
}
