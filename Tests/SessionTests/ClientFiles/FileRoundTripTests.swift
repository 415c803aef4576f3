import Foundation
import TestKit
import Testing

/// The same bytes at both ends, whatever sends and whatever receives them.
@Suite("Files between all kinds of clients", .timeLimit(.minutes(2)))
struct FileRoundTripTests {
  /// Random, large, and what would end a classic file.
  static func contents() -> [(name: String, bytes: [UInt8])] {
    var random = SeededRandom(seed: 64)
    var large: [UInt8] = []
    let size = Environment.isSanitized ? 4_194_304 : 67_108_864
    large.reserveCapacity(size)
    while large.count < size {
      withUnsafeBytes(of: random.next()) { large.append(contentsOf: $0) }
    }
    return FileTests.contents + [("random", large)]
  }

  @Test("from chat-client to eight of its kind, to a plain socket, and to nc where it fits")
  func toEveryone() throws {
    let server = try TestServer("--rate", "0")
    let from = try TestFolder()
    let folders = try (0..<8).map { _ in try TestFolder() }
    let receivers = try folders.enumerated().map { number, folder in
      let receiver = try Program(
        "chat-client",
        ["--nick", "r\(number)", "--downloads", folder.path, "--auto-accept", "1G", server.address])
      #expect(try receiver.line() == "r\(number) joined!")
      return receiver
    }
    let plain = try server.joinSpeaking("plain")
    for (name, bytes) in Self.contents() {
      let netcat = try Program("nc", ["-N", "127.0.0.1", "\(server.port)"])
      #expect(try netcat.line() == "NICK")
      try netcat.type("nc-\(name)\n")
      while try netcat.line() != "Connected to server!" {}
      try Data(bytes).write(to: URL(fileURLWithPath: "\(from.path)/\(name)"))
      let sender = try Program(
        "chat-client", ["--nick", "alice", server.address, "--send", "\(from.path)/\(name)"])
      #expect(try sender.exitCode(within: 60) == 0, "\(sender.errors)")
      #expect(try plain.download(try plain.offer()) == bytes)
      for folder in folders {
        let path = "\(folder.path)/received_\(name)"
        try eventually("\(path) is there", within: .seconds(60)) {
          FileManager.default.fileExists(atPath: path)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bytes))
      }
      try netcat.type("exit\n")
      try netcat.endInput()
      let heard = try netcat.rest()
      #expect(!heard.contains("[FILE]:") && heard.contains(" to get \(name).\n"))
    }
    for receiver in receivers {
      try receiver.endInput()
      _ = try receiver.rest()
      #expect(try receiver.exitCode() == 0, "\(receiver.errors)")
    }
  }

  @Test("from nc and a plain socket to chat-client")
  func fromAnyone() throws {
    let server = try TestServer("--rate", "0")
    let folder = try TestFolder()
    let bob = try Program(
      "chat-client", ["--nick", "bob", "--downloads", folder.path, server.address])
    #expect(try bob.line() == "bob joined!")
    let alice = try server.joinSpeaking("alice")
    for (name, bytes) in Self.contents().dropLast() {
      try alice.upload("tus-\(name)", bytes)
      guard name != "ends", let text = String(validating: bytes, as: UTF8.self) else { continue }
      let netcat = try Program("nc", ["-N", "127.0.0.1", "\(server.port)"])
      netcat.typeAll("nc\n[FILE]:classic-\(name)\n\(text)<END>\nexit\n")
      #expect(try netcat.rest().hasSuffix("Bye!\n"))
      let path = "\(folder.path)/received_classic-\(name)"
      try eventually("\(path) is there") { FileManager.default.fileExists(atPath: path) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bytes))
    }
    try bob.endInput()
    _ = try bob.rest()
    #expect(try bob.exitCode() == 0, "\(bob.errors)")
    for (name, bytes) in Self.contents().dropLast() {
      let path = "\(folder.path)/received_tus-\(name)"
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bytes))
    }
  }
}
