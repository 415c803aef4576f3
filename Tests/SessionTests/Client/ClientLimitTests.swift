import ChatSystem
import Foundation
import TestKit
import Testing

/// What the client does not wait for, and does not take.
@Suite("The client's limits", .timeLimit(.minutes(1)))
struct ClientLimitTests {
  @Test("a server that lets nobody in is given up")
  func handshake() throws {
    let server = try FakeServer()
    let alice = try ClientScript.alice(server)
    try server.play("accept\nS> NICK")
    #expect(try alice.exitCode(within: 30) == 69)
    #expect(
      alice.errors
        == "chat-client: \(server.address) lets nobody in: no handshake in 15 s\n")
  }

  @Test("a host that does not answer is given up")
  func connecting() throws {
    let full = try FullListener()
    let error = try #require(throws: ConnectionError.self) {
      try TCPTransport.connect(to: full.address, timeout: .milliseconds(300))
    }
    #expect(error.reason == "Connection timed out")
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
