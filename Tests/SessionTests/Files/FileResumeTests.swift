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
      var offset = 0
      for round in 1...20 {
        let alice = try server.joinSpeaking("alice")
        // As chat-client does: what is not sent yet is lost with the server.
        alice.stream.keepUnsentBytes(below: 131_072, patience: .seconds(20))
        offset = try alice.announce("film", bytes)
        // Up to here it may get this time.
        let end = min(size, offset + Int.random(in: 1...size / 15, using: &random))
        do {
          try alice.sendFrames(Array(bytes[..<end]), from: offset)
          sent += end - offset
          if round % 4 == 0 {
            // What has been sent and not written is lost with the server.
            server.program.signal(SIGKILL)
            _ = try server.program.exitCode()
            server = try TestServer(arguments: limit, data: data)
          } else {
            alice.stream.shutdownBoth()
          }
        } catch is SystemError {
          sent += end - offset
        }
      }
      let alice = try server.joinSpeaking("alice")
      offset = try alice.announce("film", bytes)
      #expect(offset > 0)
      sent += size - offset
      try alice.sendFrames(bytes, from: offset)
      try alice.send("<END>\tid=1\n")
      let id = try alice.offer()
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
        let bob = try server.joinSpeaking("bob\(round)")
        let end = min(size, fetched.count + Int.random(in: 1...size / 10, using: &random))
        try bob.send("[GET]:\(id)\toffset=\(fetched.count)\n")
        while fetched.count < end {
          guard let line = try bob.line() else { break }
          guard line.hasPrefix("[DATA]"), let size = Int(line.split(separator: "size=").last ?? "")
          else { continue }
          #expect(line.contains("\toffset=\(fetched.count)\t"))
          fetched += try bob.bytes(size)
        }
        if round % 3 == 0 {
          server.program.signal(SIGKILL)
          _ = try server.program.exitCode()
          server = try TestServer(arguments: limit, data: data)
        } else {
          bob.stream.shutdownBoth()
        }
      }
      #expect(fetched == bytes)
    }
  }

  @Test("an upload begun anew, another's upload of the same, and one that was not what it said")
  func anew() throws {
    let server = try TestServer("--rate", "0")
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 5_000) }
    do {
      let alice = try server.joinSpeaking("alice")
      _ = try alice.announce("a", bytes)
      try alice.sendFrames(Array(bytes[..<500_000]))
      try alice.send("[PING]:x\n")
      while try alice.line() != "[PONG]:x" {}
      // While she sends it, a second time begins from nothing.
      #expect(try alice.announce("a", bytes, id: "2") == 0)
      // Another person does not go on with hers.
      let bob = try server.joinSpeaking("bob")
      #expect(try bob.announce("a", bytes) == 0)
      alice.stream.shutdownBoth()
      while try bob.line() != "alice left!" {}
    }
    let alice = try server.joinSpeaking("alice")
    #expect(try alice.announce("a", bytes) == 500_000)
    // Without an offset it is the beginning.
    for start in stride(from: 0, to: bytes.count, by: 50_000) {
      try alice.send("[DATA]:1\tsize=50000\n")
      try alice.send(bytes: Array(bytes[start..<start + 50_000]))
    }
    try alice.send("<END>\tid=1\n")
    #expect(try alice.download(try alice.offer()) == bytes)
    // What turned out wrong is not gone on with.
    #expect(try alice.announce("b", Array(bytes.reversed()), id: "3") == 0)
    try alice.sendFrames(bytes, id: "3")
    try alice.send("<END>\tid=3\n")
    try alice.expectError("file-mismatch", id: "3")
    #expect(try alice.announce("b", Array(bytes.reversed()), id: "3") == 0)
  }
}
