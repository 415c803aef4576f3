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
    ("frames", (0..<200_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }),
  ]

  @Test("framed and fetched again, byte for byte", arguments: FileTests.contents.indices)
  func roundTrip(index: Int) throws {
    let (name, bytes) = Self.contents[index]
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    let id = try alice.upload(name, bytes)
    #expect(try bob.line()?.hasPrefix("alice sent \(name) (") == true)
    #expect(try bob.offer() == id)
    #expect(try bob.download(id) == bytes)
    #expect(try bob.download(id, from: bytes.count) == [])
    #expect(try bob.download(id, from: bytes.count / 2) == Array(bytes[(bytes.count / 2)...]))
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

  @Test("lines pass between frames, both ways")
  func between() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    let bob = try server.joinSpeaking("bob")
    let bytes = [UInt8](repeating: 7, count: 30_000_000)
    #expect(try alice.announce("film", bytes) == 0)
    for start in stride(from: 0, to: bytes.count, by: 1_000_000) {
      try alice.send("\(start)\n")
      for frame in stride(from: start, to: start + 1_000_000, by: 50_000) {
        try alice.send("[DATA]:1\tsize=50000\n")
        try alice.send(bytes: Array(bytes[frame..<frame + 50_000]))
      }
    }
    try alice.send("<END>\tid=1\n")
    let id = try bob.offer()
    // One line is under way while the file comes; each is heard before the next is said.
    var heard = 0
    var isWaiting = false
    let fetched = try bob.download(id) { line in
      #expect(line == "alice: \(heard)")
      heard += 1
      isWaiting = false
    } onFrame: { _ in
      guard !isWaiting else { return }
      isWaiting = true
      try alice.send("\(heard)\n")
    }
    #expect(fetched == bytes)
    #expect(heard > 3)
  }

  @Test("only who is in the room can get it, and the private rooms' files go with them")
  func otherRooms() throws {
    let server = try TestServer("--room-ttl", "1s")
    let alice = try server.joinSpeaking("alice", room: "#a")
    let bob = try server.joinSpeaking("bob")
    let id = try alice.upload("secret", [1, 2, 3])
    for request in [
      "[GET]:\(id)", "[FILES]:\(id)", "[SUMS]:\(id)", "[GOT]:\(id)", "[CANCEL]:\(id)",
    ] {
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
    try bob.send("[ROOM]:#a\n")
    while let line = try bob.line(), !line.hasPrefix("[ROOM]:") {}
    #expect(try bob.download(id) == [1, 2, 3])
  }

  @Test("after a restart the files are there, and the same content is stored once")
  func restart() throws {
    let data = try TestFolder()
    var id = ""
    do {
      let server = try TestServer(data: data)
      let alice = try server.joinSpeaking("alice")
      _ = try alice.upload("a", [1, 2, 3])
      id = try alice.upload("b", [1, 2, 3], id: "2")
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

  @Test("the sums of a file's blocks")
  func sums() throws {
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 1_000) }
    let id = try alice.upload("a", bytes)
    let sums = try stride(from: 0, to: bytes.count, by: 1_048_576).map {
      try TestSocket.digest(Array(bytes[$0..<min(bytes.count, $0 + 1_048_576)])).hex.prefix(16)
    }
    try alice.send("[SUMS]:\(id)\n")
    try alice.expect("[SUMS]:\(sums.joined(separator: " "))\tid=\(id)\tfrom=0\tend=1")
    try alice.send("[SUMS]:\(id)\tfrom=2\n")
    try alice.expect("[SUMS]:\(sums[2])\tid=\(id)\tfrom=2\tend=1")
    try alice.send("[SUMS]:\(id)\tfrom=18446744073709551616\n")
    try alice.expect("[SUMS]:\tid=\(id)\tfrom=3\tend=1")
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
