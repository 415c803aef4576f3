import ChatSystem
import Foundation
import TestKit
import Testing

/// Nobody holds the shelf alone: not its space, not the transfers that may run at once, not its partial files.
@Suite("Shares of the shelf", .timeLimit(.minutes(3)))
struct FileShareTests {
  @Test(
    "who reads too slowly keeps no space from others: its file goes, and it does not get the rest",
    arguments: [true, false])
  func slowReader(isClassic: Bool) throws {
    let server = try TestServer("--rate", "0", "--max-files", "50M", "--max-file", "10M")
    let alice = try server.joinSpeaking("alice")
    let ids = try (0..<5).map {
      try alice.upload("\($0)", [UInt8](repeating: UInt8($0), count: 9_900_000))
    }
    let slow = try ids.enumerated().map { number, id in
      let socket = try isClassic ? server.join("slow\(number)") : alice.another()
      // Their systems take little for them.
      socket.stream.keepUnreadBytes(below: 32_768)
      if isClassic {
        try socket.send("[GET]:\(id)\n")
        while let line = try socket.line(), !line.hasPrefix("[FILE]:") {}
      } else {
        try socket.request("GET", "/files/\(id)")
        #expect(try socket.replyHead().status == 200)
      }
      return socket
    }
    for number in 5..<8 {
      try alice.upload("\(number)", [UInt8](repeating: UInt8(number), count: 9_900_000))
    }
    #expect(try server.storedFiles() <= 5)
    // At least one was ended, and all of what it has got belongs to the file.
    var ended = 0
    for (number, socket) in slow.enumerated() {
      var count = 0
      while count < 9_900_000, let bytes = try? socket.bytes(100) {
        #expect(bytes.allSatisfy { $0 == UInt8(number) })
        count += 100
      }
      if count < 9_900_000 { ended += 1 }
    }
    #expect(ended > 0)
  }

  @Test(
    "uploads that hardly grow are not all there can be, for others nor for who shares the address")
  func slowUploads() throws {
    let server = try TestServer("--rate", "0")
    let bytes = [UInt8](repeating: 1, count: 100_000)
    var slow: [TestSocket] = []
    for number in 0..<8 {
      let person = try server.joinSpeaking("slow\(number)")
      for file in 0..<64 {
        let (path, _) = try person.beginUpload("\(file)", bytes + [UInt8(number), UInt8(file)])
        let sending = try person.another()
        try person.requestPart(path, at: 0, length: bytes.count, over: sending)
        try sending.send(bytes: [1])
        slow.append(sending)
      }
      slow.append(person)
    }
    let alice = try server.joinSpeaking("alice")
    try eventually("there is room for one more") {
      (try? alice.upload("a", [1, 2, 3])) != nil
    }
    #expect(slow.count == 8 * 65)
  }

  @Test("one address leaves no more partial files behind than a few")
  func partials() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.joinSpeaking("alice")
    for number in 0..<100 {
      let person = try server.joinSpeaking("x\(number)")
      let (path, _) = try person.beginUpload("a", [1, 2, UInt8(number)])
      #expect(try person.sendPart(path, at: 0, [1]).status == 204)
    }
    var left = 0
    while left < 100, let line = try alice.line() { left += line.hasSuffix(" left!") ? 1 : 0 }
    #expect(try server.partialFiles() <= 128)
  }
}
