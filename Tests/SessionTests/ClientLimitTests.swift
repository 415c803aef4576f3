import ChatSystem
import Foundation
import TestKit
import Testing

/// What the client does not wait for, and does not take.
@Suite("The client's limits", .timeLimit(.minutes(1)))
struct ClientLimitTests {
  @Test("a server that lets nobody in is given up", arguments: ["", "S> NICK"])
  func handshake(_ beginning: String) throws {
    let server = try FakeServer()
    let alice = try ReturnScript.alice(server)
    try server.play("accept\n\(beginning)")
    #expect(try alice.exitCode(within: 30) == 69)
    #expect(
      alice.errors
        == "chat-client: \(server.address) lets nobody in: no handshake in 15 s\n")
  }

  @Test("a host that does not answer is given up")
  func connecting() throws {
    // A listener with no room, which nobody accepts from: what comes is dropped, not refused.
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, size) == 0 && listen(number, 0) == 0 && getsockname(number, $0, &size) == 0
      }
    }
    #expect(isBound)
    let full = Address(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port))
    var streams: [ChatSystem.Stream] = []
    let error = try #require(throws: ConnectionError.self) {
      for _ in 1...8 {
        streams.append(try ChatSystem.Stream.connect(to: full, timeout: .milliseconds(300)))
      }
    }
    #expect(error.reason == "Connection timed out")
    #expect(!streams.isEmpty)
  }

  @Test("without a nickname and without input it says so", arguments: [[], ["--json"]])
  func noNickname(_ flags: [String]) throws {
    let client = try Program("chat-client", flags + ["127.0.0.1:1"])
    try client.endInput()
    #expect(try client.exitCode() == 2)
    #expect(
      client.errors
        == "chat-client: no nickname: neither --nick nor a line of standard input has one\n")
  }

  @Test("a line too long to be said is no success", arguments: [9_000, 1_100_000])
  func tooLong(_ count: Int) throws {
    let server = try TestServer()
    let alice = try Program("chat-client", ["--nick", "alice", server.address])
    alice.typeAll(String(repeating: "x", count: count) + "\nhi\n")
    #expect(try alice.rest() == "alice joined!\nalice: hi\n")
    #expect(try alice.exitCode() == 1)
    #expect(alice.errors.contains("too long") || alice.errors.contains("at most"))
  }
}
