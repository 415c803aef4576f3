import Foundation
import TestKit
import Testing

/// A server that says nothing any more, though the connection is there. Each test waits as long as the client does.
@Suite("A server that falls silent", .timeLimit(.minutes(3)))
struct SilenceTests {
  private static let reason = "the server has said nothing for 30 s"

  @Test("a pipe gives up, names what may not have arrived, and ends with 1")
  func pipes() throws {
    let folder = try TestFolder()
    let path = try FileScript("", "film.mkv", size: 50_000_000).write(to: folder)
    // Its connection stays open until the test ends.
    let (server, alice) = try ClientScript.enter()
    let silent = try FakeServer()
    let bob = try Program("chat-client", ["--nick", "bob", "--send", path, silent.address])
    try silent.play(
      ClientScript.firstEntry.replacing("alice", with: "bob")
        .replacing("max-file=0", with: "max-file=100000000"))
    // It does not answer.
    try silent.play("C< POST /files")
    try alice.type("x\n[MSG]:bob hi\n[WHO]:\n")
    try alice.endInput()
    #expect(try alice.exitCode(within: 100) == 1)
    #expect(
      alice.errors
        == "chat-client: \(Self.reason); "
        + "not known to have arrived: 1 line, 1 private message, 1 request\n")
    withExtendedLifetime(server) {}
    #expect(try bob.exitCode(within: 100) == 1)
    #expect(
      bob.errors == """
        chat-client: film.mkv: ended, because \(Self.reason)
        chat-client: \(Self.reason)

        """)
  }
}
