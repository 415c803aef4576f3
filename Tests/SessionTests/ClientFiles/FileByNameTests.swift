import Foundation
import TestKit
import Testing

/// A file is fetched by its name, or the beginning of its id.
@Suite("/get", .timeLimit(.minutes(1)))
struct FileByNameTests {
  private static func terminal(_ server: TestServer, _ folder: TestFolder) throws -> Terminal {
    let bob = try Terminal(
      "chat-client",
      ["--nick", "bob", "--auto-accept", "0", "--downloads", folder.path, server.address])
    try bob.see("Connected to server!")
    return bob
  }

  @Test(
    "by its name, also one that looks like an id, from before one came",
    arguments: [("my report.txt", "my report.txt"), ("notes", "notes"), ("x", "\"x\"")])
  func name(_ name: String, _ typed: String) throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let alice = try server.joinSpeaking("alice")
    let bytes = Array("what it holds".utf8)
    try alice.upload(name, bytes)
    let bob = try Self.terminal(server, folder)
    try bob.type("/get \(typed)\n")
    try bob.see("saved received_\(name)")
    #expect(folder.bytes(of: "received_\(name)") == bytes)
    try bob.type("/quit\n")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 0)
  }

  @Test("of several with one name it is the newest, and that is told")
  func newest() throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let alice = try server.joinSpeaking("alice")
    try alice.upload("a.txt", Array("old".utf8))
    try alice.upload("b.txt", Array("another".utf8))
    try alice.upload("a.txt", Array("newer".utf8))
    let bob = try Self.terminal(server, folder)
    try bob.type("/get a.txt\n")
    try bob.see("* a.txt: the newest of 2, from alice (5 B)")
    try bob.see("saved received_a.txt")
    #expect(folder.bytes(of: "received_a.txt") == Array("newer".utf8))
    try bob.type("/get c.txt\n")
    try bob.see("! c.txt: there is no such file in this room")
  }

  @Test("by what /files shows of its id")
  func shortID() throws {
    let (server, folder) = (try TestServer(), try TestFolder())
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a.txt", Array("text".utf8))
    let bob = try Self.terminal(server, folder)
    try bob.type("/files\n")
    try bob.see("* \(id.prefix(4))  4 B  a.txt  alice  ")
    try bob.type("/get \(id.prefix(4))\n")
    try bob.see("saved received_a.txt")
  }

  @Test("in a pipe the list is as it was")
  func pipe() throws {
    let server = try TestServer()
    let alice = try server.joinSpeaking("alice")
    let id = try alice.upload("a.txt", Array("text".utf8))
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    try bob.type("[FILES]:\n")
    try bob.endInput()
    #expect(try bob.rest().contains("\n[FILES]:a.txt\tid=\(id)\tfrom=alice\tsize=4\tsha256="))
    #expect(try bob.exitCode() == 0)
  }
}
