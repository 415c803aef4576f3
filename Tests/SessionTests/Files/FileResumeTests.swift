import ChatSystem
import Foundation
import TestKit
import Testing

/// Interrupted uploads and downloads go on where they ended, over plain sockets.
@Suite("Files that are interrupted", .timeLimit(.minutes(3)))
struct FileResumeTests {
  /// Random, so that nothing is right by chance.
  private static func bytes(_ count: Int, using random: inout SeededRandom) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
  }

  @Test("an upload cut off at random, of its sender and of a server that is killed, ends whole")
  func upload() throws {
    try SeededRandom.run { random in
      let size = Environment.isSanitized ? 16_000_000 : 128_000_000
      let bytes = Self.bytes(size, using: &random)
      let data = try TestFolder()
      let limit = ["--rate", "0", "--max-file", "1G"]
      var server = try TestServer(arguments: limit, data: data)
      var sent = 0
      for round in 1...20 {
        let alice = try server.joinSpeaking("alice")
        let (path, offset) = try alice.beginUpload("film", bytes)
        let sending = try alice.another()
        // As chat-client does: what is not sent yet is lost with the server.
        sending.stream.keepUnsentBytes(below: 131_072, patience: .seconds(20))
        // Up to here it may get this time.
        let end = min(size, offset + Int.random(in: 1...size / 15, using: &random))
        do {
          try alice.requestPart(path, at: offset, length: size - offset, over: sending)
          try sending.send(bytes: Array(bytes[offset..<end]))
          sent += end - offset
          if round % 4 == 0 {
            // What has been sent and not written is lost with the server.
            server.program.signal(SIGKILL)
            _ = try server.program.exitCode()
            server = try TestServer(arguments: limit, data: data)
          } else {
            sending.stream.shutdownBoth()
          }
        } catch is SystemError {
          sent += end - offset
        }
      }
      let alice = try server.joinSpeaking("alice")
      let (path, offset) = try alice.beginUpload("film", bytes)
      #expect(offset > 0)
      sent += size - offset
      let reply = try alice.sendPart(path, at: offset, bytes[offset...])
      let id = try #require(reply.file(in: "location"))
      print("\(size) bytes, sent \(Double(sent) / Double(size)) times")
      // What is lost each time is as much for a small file, such as the sanitizer's.
      #expect(Environment.isSanitized || Double(sent) < 1.05 * Double(size))
      #expect(try alice.download(id) == bytes)
      #expect(try server.partialFiles() == 0)
    }
  }

  @Test("a download that asks again from where it was is the file, though the server is killed")
  func download() throws {
    try SeededRandom.run { random in
      let size = Environment.isSanitized ? 8_000_000 : 64_000_000
      let bytes = Self.bytes(size, using: &random)
      let data = try TestFolder()
      let limit = ["--rate", "0", "--max-file", "1G"]
      var server = try TestServer(arguments: limit, data: data)
      let id = try server.joinSpeaking("alice").upload("film", bytes)
      var fetched: [UInt8] = []
      var round = 0
      while fetched.count < size {
        round += 1
        let left = size - fetched.count
        let count = min(left, Int.random(in: 1...size / 10, using: &random))
        let connection: TestSocket
        if round % 2 == 0 {
          // Somebody with nc can do it, too.
          connection = try server.join("bob\(round)")
          try connection.send("[GET]:\(id)\toffset=\(fetched.count)\n")
          try connection.expect("[FILE]:film\tsize=\(left)")
        } else {
          connection = try TestSocket(server)
          try connection.request("GET", "/files/\(id)", ["Range: bytes=\(fetched.count)-"])
          #expect(try connection.replyHead().status == 206)
        }
        fetched += try connection.bytes(count)
        if round % 3 == 0 {
          server.program.signal(SIGKILL)
          _ = try server.program.exitCode()
          server = try TestServer(arguments: limit, data: data)
        } else {
          connection.stream.shutdownBoth()
        }
      }
      #expect(fetched == bytes)
    }
  }

  @Test("another's upload of the same is another, and one that was not what it said is forgotten")
  func anew() throws {
    let server = try TestServer("--rate", "0")
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 5_000) }
    do {
      let alice = try server.joinSpeaking("alice")
      let (path, _) = try alice.beginUpload("a", bytes)
      #expect(try alice.sendPart(path, at: 0, bytes[..<500_000]).status == 204)
      let bob = try server.joinSpeaking("bob")
      #expect(try bob.beginUpload("a", bytes).offset == 0)
      alice.stream.shutdownBoth()
      while try bob.line() != "alice left!" {}
    }
    let alice = try server.joinSpeaking("alice")
    let (path, offset) = try alice.beginUpload("a", bytes)
    #expect(offset == 500_000)
    let reply = try alice.sendPart(path, at: offset, bytes[offset...])
    #expect(try alice.download(try #require(reply.file(in: "location"))) == bytes)
    // What turned out wrong is not gone on with.
    let wrong = Array(bytes.reversed())
    let (other, _) = try alice.beginUpload("b", wrong)
    #expect(try alice.sendPart(other, at: 0, bytes[...]).status == 460)
    #expect(try alice.beginUpload("b", wrong).offset == 0)
  }
}
