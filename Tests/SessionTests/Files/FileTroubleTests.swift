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
    // Less than declared.
    #expect(try alice.announce("a", bytes) == 0)
    try alice.sendFrames(Array(bytes.dropLast()))
    try alice.send("<END>\tid=1\n")
    try alice.expectError("file-mismatch", id: "1")
    // More: refused at the frame that goes beyond; what follows is read and forgotten.
    let half = Array(bytes[..<50_000])
    try alice.send(try TestSocket.header("a", half, id: "1"))
    try alice.sendFrames(bytes, frameBytes: 40_000)
    try alice.send("<END>\tid=1\n")
    try alice.expect("[FILE]:a\tid=1\toffset=0")
    try alice.expectError("file-mismatch", id: "1")
    // Other bytes.
    #expect(try alice.announce("a", bytes) == 0)
    try alice.sendFrames(Array(bytes.reversed()))
    try alice.send("<END>\tid=1\n")
    try alice.expectError("file-mismatch", id: "1")
    // More than nothing.
    #expect(try alice.announce("a", []) == 0)
    try alice.sendFrames([1])
    try alice.expectError("file-mismatch", id: "1")
    try alice.send("<END>\tid=1\n")
    // A hole.
    #expect(try alice.announce("a", bytes) == 0)
    try alice.send("[DATA]:1\toffset=10\tsize=1\nx")
    try alice.expectError("file-mismatch", id: "1")
    try Self.expectPeace(alice, bob)
    #expect(try server.storedFiles() == 0)
    #expect(try server.partialFiles() == 0)
    // And right in the end.
    let id = try alice.upload("a", bytes)
    try bob.expect("alice sent a (100 kB)")
    #expect(try bob.download(id) == bytes)
  }

  @Test("frames of nothing, frames too large, and an end of nothing")
  func frames() throws {
    let (_, alice, bob) = try Self.people()
    try alice.send("[DATA]:7\tsize=5\nx\ny\n\n<END>\tid=7\n<END>\n")
    try alice.expectError("no-such-file", id: "7")
    try alice.expectError("no-such-file", id: "7")
    try alice.expectError("bad-tag")
    #expect(try alice.announce("a", Self.bytes) == 0)
    try alice.send("[DATA]:1\tsize=70000\n")
    try alice.send(bytes: [UInt8](repeating: UInt8(ascii: "\n"), count: 70_000))
    try alice.expectError("bad-tag", id: "1")
    // Nobody can send so much, so it is no frame.
    try alice.send("[DATA]:1\tsize=9223372036854775808\n")
    try alice.expectError("bad-tag", id: "1")
    try alice.send(
      "[FILE]:a\tid=2\tsize=9223372036854775808\tsha256=\(String(repeating: "0", count: 64))\n")
    try alice.expectError("file-too-large", id: "2")
    try alice.send("[DATA]:2\tsize=3\nabc<END>\tid=2\n")
    try Self.expectPeace(alice, bob)
    // The first is still open.
    try alice.sendFrames(Self.bytes)
    try alice.send("<END>\tid=1\n")
    try bob.expect("alice sent a (100 kB)")
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
        try alice.send(try TestSocket.header(name, [1], id: "1"))
        try alice.expectError("file-refused", id: "1")
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
    try alice.send(try TestSocket.header("a", Self.bytes, id: "1"))
    try alice.sendFrames(Self.bytes)
    try alice.send("<END>\tid=1\n")
    try alice.expectError("file-too-large", id: "1")
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
        _ = try carol.announce("a", Self.bytes)
        try carol.sendFrames(Array(Self.bytes.dropLast()))
      }
      try eventually("it has come") { try server.partialFiles() == (isClassic ? 2 : 1) }
      carol.stream.shutdownBoth()
      try bob.expect("carol left!")
      // What was framed waits for who goes on with it.
      try eventually("the classic one is gone") { try server.partialFiles() == 1 }
    }
    try eventually("descriptors as before") { server.descriptors <= before }
    #expect(try server.storedFiles() == 0)
    while try alice.line() != "carol left!" {}
    while try alice.line() != "carol left!" {}
    try Self.expectPeace(alice, bob)
  }

  @Test("two files of one name at once, and no more uploads than there may be")
  func several() throws {
    let (_, alice, bob) = try Self.people()
    let others = Array(Self.bytes.reversed())
    for (id, bytes) in [("1", Self.bytes), ("2", others), ("3", [1]), ("4", [2])] {
      #expect(try alice.announce("a", bytes, id: id) == 0)
    }
    try alice.send(try TestSocket.header("a", [3], id: "5"))
    try alice.expectError("file-refused", id: "5")
    try alice.send(try TestSocket.header("a", [3], id: "1"))
    try alice.expectError("bad-tag", id: "1")
    for start in stride(from: 0, to: 100_000, by: 10_000) {
      for (id, bytes) in [("1", Self.bytes), ("2", others)] {
        try alice.send("[DATA]:\(id)\tsize=10000\n")
        try alice.send(bytes: Array(bytes[start..<start + 10_000]))
      }
    }
    try alice.send("<END>\tid=2\n<END>\tid=1\n[CANCEL]:3\n")
    try bob.expect("alice sent a (100 kB)")
    let second = try bob.offer()
    let first = try bob.offer()
    #expect(try bob.download(second) == others)
    #expect(try bob.download(first) == Self.bytes)
    while let line = try alice.line(), line != "[CANCEL]:3" {}
    #expect(try alice.announce("a", [3], id: "3") == 0)
  }

  @Test("who goes to another room ends its transfers")
  func moving() throws {
    let (_, alice, bob) = try Self.people()
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 20_000_000))
    #expect(try alice.announce("b", Self.bytes) == 0)
    try alice.sendFrames(Array(Self.bytes.dropLast()))
    try alice.send("[GET]:\(id)\n[ROOM]:#other\n")
    var lines: [String] = []
    while let line = try alice.line(), !line.hasPrefix("[ROOM]:#other") {
      if line.hasPrefix("[DATA]"), let size = Int(line.split(separator: "size=").last ?? "") {
        _ = try alice.bytes(size)
      } else {
        lines.append(line)
      }
    }
    #expect(
      lines.count { $0.hasPrefix("[ERROR]") && $0.hasSuffix("\tcode=file-refused\tid=1") } == 1)
    #expect(lines.contains("[CANCEL]:\(id)") || lines.contains("<END>\tid=\(id)"))
    try bob.expect("alice sent a (20 MB)")
    _ = try bob.offer()
    try bob.expect("alice left!")
  }

  @Test("a server that keeps nothing takes no files, and says so")
  func noFiles() throws {
    let (_, alice, bob) = try Self.people("--no-history")
    try alice.send(try TestSocket.header("a", [1], id: "1"))
    try alice.expectError("file-refused", id: "1")
    try alice.send("[FILE]:a\nabc<END>\n[FILES]:\n[GET]:x\n")
    try alice.expectError("file-refused")
    try alice.expect("[FILES]:\tend=1")
    try alice.expectError("no-such-file", id: "x")
    try Self.expectPeace(alice, bob)
  }

  @Test("the disk is full: the sender is told, the room goes on, and later it works")
  func fullDisk() throws {
    let (server, alice, bob) = try Self.people()
    // Enough for what the rooms need, which counts as files too, and too little for the file.
    try TroubleTests.limitFiles(of: server, to: "9000000")
    let bytes = [UInt8](repeating: 5, count: 12_000_000)
    #expect(try alice.announce("a", bytes) == 0)
    try alice.sendFrames(bytes)
    try alice.send("<END>\tid=1\n")
    try alice.expectError("file-refused", id: "1")
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
    try bob.send("[GET]:\(ids[0])\n")
    #expect(try bob.line()?.hasPrefix("[DATA]:") == true)
    let carol = try server.joinSpeaking("carol")
    ids.append(try alice.upload("2", [UInt8](repeating: 2, count: 20_000_000)))
    try carol.send("[GET]:\(ids[1])\n")
    while let line = try carol.line(), !line.hasPrefix("[ERROR]") {
      #expect(!line.hasPrefix("[DATA]"))
    }
    var bytes = try bob.bytes(65_536)
    while let line = try bob.line(), line != "<END>\tid=\(ids[0])" {
      guard line.hasPrefix("[DATA]"), let size = Int(line.split(separator: "size=").last ?? "")
      else { continue }
      bytes += try bob.bytes(size)
    }
    #expect(bytes == [UInt8](repeating: 0, count: 20_000_000))
    #expect(try server.storedFiles() == 2)
  }

  @Test(
    "who fetches and does not read, or leaves, costs nobody anything, and leaves nothing behind")
  func leaving() throws {
    let (server, alice, bob) = try Self.people()
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 50_000_000))
    while try bob.offer() != id {}
    let (descriptors, threads) = (server.descriptors, server.threads)
    for number in 0..<10 {
      let carol = try server.joinSpeaking("carol\(number)")
      try carol.send("[GET]:\(id)\n")
      while try carol.line()?.hasPrefix("[DATA]:") != true {}
      if number % 3 == 0 {
        try carol.send("exit\n")
      } else if number % 3 == 1 {
        carol.stream.shutdownBoth()
      } else {
        try carol.send("[CANCEL]:\(id)\n[CANCEL]:\(id)\nexit\n")
      }
    }
    try eventually("all are gone") {
      server.descriptors <= descriptors && server.threads <= threads + 2
    }
    try alice.send("still here\n")
    while try bob.line() != "alice: still here" {}
  }

  @Test("a stop in the middle of a download ends it all in time")
  func stop() throws {
    let (server, alice, bob) = try Self.people()
    let id = try alice.upload("a", [UInt8](repeating: 1, count: 50_000_000))
    while try bob.offer() != id {}
    try bob.send("[GET]:\(id)\n")
    #expect(try bob.line()?.hasPrefix("[DATA]:") == true)
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode(within: 10) == 0)
  }
}
