import TestKit
import Testing

/// A byte order mark, which editors of other systems put before a text.
@Suite("A byte order mark in the client's input", .timeLimit(.minutes(1)))
struct ClientMarkTests {
  private static let mark = "\u{FEFF}"

  @Test("before the first line it is dropped, however it is split; elsewhere it is text")
  func pipe() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", [server.address])
    let bytes = Array("\(Self.mark)bob\n\(Self.mark)hi\n".utf8)
    try bob.type(bytes: [bytes[0]])
    try eventually("the first byte is read alone") { bob.unreadInputBytes == 0 }
    try bob.type(bytes: Array(bytes[1...]))
    try bob.endInput()
    #expect(try bob.rest() == "bob joined!\nbob: \(Self.mark)hi\n")
    #expect(try bob.exitCode() == 0)
  }

  @Test("before the first line of text as well, where the nickname is given")
  func text() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    try bob.type("\(Self.mark)[WHO]:\n\(Self.mark)[WHO]:\n")
    try bob.endInput()
    #expect(try bob.rest() == "bob joined!\n[WHO]:bob\tend=1\nbob: \(Self.mark)[WHO]:\n")
    #expect(try bob.exitCode() == 0)
  }

  @Test("an input of nothing else is empty")
  func alone() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    try bob.type(Self.mark)
    try bob.endInput()
    #expect(try bob.rest() == "bob joined!\n")
    #expect(try bob.exitCode() == 0)
  }

  @Test("typed or pasted before a line it is dropped, too", arguments: ["xterm", "dumb"])
  func terminal(_ kind: String) throws {
    let server = try TestServer()
    let bob = try Terminal("chat-client", [server.address], kind: kind)
    try bob.see("Choose your nickname: ")
    try bob.type("\(Self.mark)bob\n")
    try bob.see("bob joined!")
    try bob.see("Connected to server!")
    let paste = kind == "dumb" ? "\(Self.mark)/who\n" : "\u{1B}[200~\(Self.mark)/who\r\u{1B}[201~"
    try bob.type(paste)
    try bob.see("Here: bob")
    try bob.type("/quit\n")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 0)
  }
}
