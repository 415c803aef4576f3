import ChatSystem
import Foundation
import TestKit
import Testing

/// Nobody holds the shelf alone: not its space, not the transfers that may run at once, not its partial files.
@Suite("Shares of the shelf", .timeLimit(.minutes(3)))
struct FileShareTests {
  @Test(
    "who reads too slowly keeps no space from others: its file goes, and it is told",
    arguments: [true, false])
  func slowReader(speaksVersion1: Bool) throws {
    let server = try TestServer("--rate", "0", "--max-files", "50M", "--max-file", "10M")
    let alice = try server.joinSpeaking("alice")
    let ids = try (0..<5).map {
      try alice.upload("\($0)", [UInt8](repeating: UInt8($0), count: 9_900_000))
    }
    let slow = try (0..<(speaksVersion1 ? 1 : 5)).map {
      speaksVersion1 ? try server.joinSpeaking("slow") : try server.join("slow\($0)")
    }
    // Their systems take little for them.
    for socket in slow { socket.stream.keepUnreadBytes(below: 32_768) }
    for (number, id) in ids.enumerated() { try slow[number % slow.count].send("[GET]:\(id)\n") }
    for socket in slow {
      while let line = try socket.line(), !line.hasPrefix("[DATA]"), !line.contains("\tsize=") {}
    }
    for number in 5..<8 {
      try alice.upload("\(number)", [UInt8](repeating: UInt8(number), count: 9_900_000))
    }
    #expect(try server.storedFiles() <= 5)
    guard speaksVersion1 else { return }
    // It reads on: a frame that was on its way has its bytes, and each transfer its end.
    var ended: Set<String> = []
    var buffered = try slow[0].bytes(65_536).count
    while ended.count < 5, let line = try slow[0].line() {
      if line.hasPrefix("[DATA]"), let size = Int(line.split(separator: "size=").last ?? "") {
        buffered += try slow[0].bytes(size).count
      } else if line.hasPrefix("[ERROR]:") {
        #expect(line.contains("\tcode=slow-consumer\tid="))
        ended.insert(String(line.split(separator: "id=").last ?? ""))
      } else if line.hasPrefix("<END>") {
        ended.insert(String(line.split(separator: "id=").last ?? ""))
      }
    }
    try slow[0].send("still here\n")
    while let line = try slow[0].line(), line != "slow: still here" {}
  }

  @Test(
    "uploads that hardly grow are not all there can be, for others nor for who shares the address")
  func slowUploads() throws {
    let server = try TestServer("--rate", "0")
    let bytes = [UInt8](repeating: 1, count: 100_000)
    let slow = try (0..<128).map { number in
      let socket = try server.joinSpeaking("slow\(number)")
      for id in 1...4 {
        try socket.send(try TestSocket.header("\(number)-\(id)", bytes, id: "\(id)"))
        try socket.send("[DATA]:\(id)\tsize=1\n\u{1}")
      }
      return socket
    }
    let alice = try server.joinSpeaking("alice")
    try eventually("there is room for one more") {
      (try? alice.upload("a", [1, 2, 3])) != nil
    }
    #expect(slow.count == 128)
  }

  @Test("one address leaves no more partial files behind than a few")
  func partials() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    for number in 0..<100 {
      let socket = try server.joinSpeaking("x\(number)")
      let bytes = [1, 2, UInt8(number)]
      _ = try socket.announce("a", bytes)
      try socket.send("[DATA]:1\tsize=1\n\u{1}[PING]:x\n")
      while let line = try socket.line(), line != "[PONG]:x" {}
    }
    var left = 0
    while left < 100, let line = try alice.line() { left += line.hasSuffix(" left!") ? 1 : 0 }
    #expect(try server.partialFiles() <= 64)
  }
}
