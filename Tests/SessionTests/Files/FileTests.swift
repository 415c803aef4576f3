import ChatCore
import ChatCrypto
import ChatSystem
import Foundation
import TestKit
import Testing

/// Files through the real server, over plain sockets.
@Suite("Files")
struct FileTests {
  static let contents: [(name: String, bytes: [UInt8])] = [
    ("empty", []), ("one", [0]), ("lf", [0x0A]), ("no-lf", Array("no final newline".utf8)),
    ("ends", Array(String(repeating: "<END>\n", count: 1_000).utf8)),
    ("zeros", [UInt8](repeating: 0, count: 65_536)),
    ("pattern", (0..<200_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }),
  ]

  @Test("sent and fetched again, byte for byte", arguments: FileTests.contents.indices)
  func roundTrip(index: Int) throws {
    let (name, bytes) = Self.contents[index]
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    let id = try alice.upload(name, bytes)
    #expect(try bob.line()?.hasPrefix("alice sent \(name) (") == true)
    #expect(try bob.offer() == id)
    #expect(try bob.download(id) == bytes)
    let half = bytes.count / 2
    if !bytes.isEmpty { #expect(try bob.download(id, from: half) == Array(bytes[half...])) }
  }

  @Test("the announcement: the stream's line to all, then the offer to who speaks version 1")
  func announcement() throws {
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    let carol = try server.join("carol")
    try alice.expect("bob joined!")
    try alice.expect("carol joined!")
    try bob.expect("carol joined!")
    let bytes = Array("<END>\n".utf8) + [1, 2, 3]
    let id = try alice.upload("../p h.png", bytes)
    try bob.expect("alice sent p h.png (9 B)")
    try bob.expect(
      "[FILE]:p h.png\tid=\(id)\tfrom=alice\tsize=9\tsha256=\(try TestSocket.digest(bytes).hex)")
    try carol.expect("alice sent p h.png (9 B)")
    try carol.expect(
      "[NOTICE]:Type [GET]:\(id) or open http://\(server.address)/files/\(id)/p%20h.png"
        + " to get p h.png.")
    try carol.expectNothing()
    try bob.send("[HISTORY]:1\n")
    let past = try bob.line() ?? ""
    #expect(past.hasPrefix("[PAST]:alice sent p h.png (9 B)\tseq=4\ttime="))
    #expect(past.hasSuffix("\tfile=\(id)"))
    try bob.expect("[PAST]:\tend=1")
    try bob.send("[FILES]:\n")
    #expect(try bob.line()?.hasPrefix("[FILES]:p h.png\tid=\(id)\tfrom=alice\tsize=9\t") == true)
    try bob.expect("[FILES]:\tend=1")
    try bob.send("[GOT]:\(id)\n")
    try alice.expect("[GOT]:\(id)\thave=1\tof=1")
    try bob.send("[GOT]:\(id)\n")
    try alice.expectNothing()
  }

  @Test("classic files, both ways", arguments: FileTests.contents.indices)
  func classic(index: Int) throws {
    let (name, bytes) = Self.contents[index]
    // What ends a file in its middle has no classic form.
    guard name != "ends" else { return }
    let server = try TestServer()
    let alice = try server.join("alice")
    let bob = try server.join("bob")
    let carol = try server.joinSpeaking("carol")
    try alice.expect("bob joined!")
    try alice.expect("carol joined!")
    try bob.expect("carol joined!")
    try alice.send(bytes: Array("[FILE]:\(name)\n".utf8) + bytes + Array("<END>\nhello\n".utf8))
    for socket in [alice, bob] {
      #expect(try socket.line()?.hasPrefix("alice sent \(name) (") == true)
      if socket === bob {
        #expect(try socket.line()?.hasPrefix("[NOTICE]:Type [GET]:") == true)
      }
      try socket.expect("alice: hello")
    }
    let id = try carol.offer()
    #expect(try carol.download(id) == bytes)
    try bob.send("[GET]:\(id)\n")
    try bob.expect("[FILE]:\(name)\tsize=\(bytes.count)")
    #expect(try bob.bytes(bytes.count) == bytes)
    try bob.expect("<END>")
  }

  @Test("lines pass while files come and go, both ways")
  func between() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    let bytes = [UInt8](repeating: 7, count: 3_000_000)
    let (path, _) = try alice.beginUpload("film", bytes)
    let sending = try alice.another()
    try alice.requestPart(path, at: 0, length: bytes.count, over: sending)
    for start in stride(from: 0, to: bytes.count, by: 1_000_000) {
      try sending.send(bytes: Array(bytes[start..<start + 1_000_000]))
      try alice.send("\(start)\n")
      try bob.expect("alice: \(start)")
    }
    let id = try #require(try sending.reply().file(in: "location"))
    #expect(try bob.offer() == id)
    let (fetching, _) = try bob.requestFile(id)
    for number in 0..<3 {
      #expect(try fetching.bytes(1_000_000) == Array(bytes[..<1_000_000]))
      try alice.send("\(number)\n")
      try bob.expect("alice: \(number)")
    }
  }

  @Test("only who is in the room is told of it, and the private rooms' files go with them")
  func otherRooms() throws {
    let server = try TestServer("--room-ttl", "1s")
    let alice = try server.joinSpeaking("alice", room: "#a")
    let bob = try server.join("bob")
    let id = try alice.upload("secret", [1, 2, 3])
    for request in ["[GET]:\(id)", "[FILES]:\(id)", "[GOT]:\(id)"] {
      try bob.send("\(request)\n")
      try bob.expectError("no-such-file", id: id)
    }
    for (request, id) in [("[GET]:", nil), ("[GET]:x", "x")] {
      try bob.send("\(request)\n")
      try bob.expectError("no-such-file", id: id)
    }
    try bob.send("[FILES]:\n")
    try bob.expect("[FILES]:\tend=1")
    try alice.send("[NEWROOM]:\n")
    while let line = try alice.line(), !line.hasPrefix("[ROOM]:") {}
    _ = try alice.upload("secret", [4, 5, 6])
    #expect(try server.storedFiles() == 2)
    try alice.send("exit\n")
    try eventually("the private room's file is gone") { try server.storedFiles() == 1 }
    try bob.send("[ROOM]:#a\n[GET]:\(id)\toffset=1\n")
    while let line = try bob.line(), line != "You are in #a" {}
    try bob.expect("[FILE]:secret\tsize=2")
    #expect(try bob.bytes(2) == [2, 3])
    try bob.expect("<END>")
  }

  @Test("after a restart the files are there, and the same content is stored once")
  func restart() throws {
    let data = try TestFolder()
    var id = ""
    do {
      let server = try TestServer(data: data)
      let alice = try server.joinSpeaking("alice")
      _ = try alice.upload("a", [1, 2, 3])
      id = try alice.upload("b", [1, 2, 3])
      #expect(try server.storedFiles() == 1)
      server.program.signal(SIGKILL)
      _ = try server.program.exitCode()
    }
    // One that was on the shelf and not announced when the server was killed.
    let stray = "\(data.path)/files/\(String(repeating: "0", count: 64))"
    #expect(FileManager.default.createFile(atPath: stray, contents: Data([1])))
    let server = try TestServer(data: data)
    #expect(try server.storedFiles() == 1)
    let bob = try server.joinSpeaking("bob")
    #expect(try bob.download(id) == [1, 2, 3])
    try bob.send("[FILES]:\n")
    #expect(try bob.line()?.hasPrefix("[FILES]:b\tid=\(id)\tfrom=alice\tsize=3\t") == true)
    #expect(try bob.line()?.hasPrefix("[FILES]:a\t") == true)
    try bob.expect("[FILES]:\tend=1")
  }

  @Test("what only older programs send is refused, and what follows it is read as lines")
  func endOfNothing() throws {
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let sum = String(repeating: "0", count: 64)
    for (lines, code) in [
      ("[FILE]:a\tid=1\tsize=1\tsha256=\(sum)", "bad-tag"), ("[FILE]:a\tid=", "bad-tag"),
      ("[DATA]:1\tsize=9", "unknown-tag"), ("[SUMS]:1", "unknown-tag"),
      ("[CANCEL]:1", "unknown-tag"), ("<END>\tid=1", "bad-tag"), ("<END>", "bad-tag"),
    ] {
      try alice.send("\(lines)\nhello\n")
      try alice.expectError(code)
      try alice.expect("alice: hello")
    }
    let id = try alice.upload("a", [1, 2, 3])
    try alice.send("[GET]:\(id)\n")
    try alice.expectError("file-refused", id: id)
  }
}

extension TestServer {
  /// How many contents it keeps.
  func storedFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "\(data.path)/files")
      .filter { $0.count == 64 }.count
  }

  /// How many files it has that are not whole.
  func partialFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "\(data.path)/files/partial").count
  }

  /// How many bytes these have.
  func partialBytes() throws -> Int {
    let folder = "\(data.path)/files/partial"
    return try FileManager.default.contentsOfDirectory(atPath: folder).reduce(0) { sum, name in
      let path = "\(folder)/\(name)"
      return sum + (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
    }
  }
}
