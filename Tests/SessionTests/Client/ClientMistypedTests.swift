import Foundation
import TestKit
import Testing

/// Somebody at a terminal who mistypes, is told, and leaves: that is no failure.
@Suite("The client's exit code after a mistake", .timeLimit(.minutes(1)))
struct ClientMistypedTests {
  @Test(
    "what is typed wrong, or was never there, is told; leaving is a success all the same",
    arguments: [
      ("/send nofile", "! nofile: No such file or directory"), ("/send /", "! /: Is a directory"),
      ("/get zz", "! zz: "), ("/get no-such.txt", "! no-such.txt: "),
      ("/join nowhere", "! "), ("/msg nobody hi", "! "), ("/nope", "There is no /nope"),
      ("/send /dev/null", "! /dev/null: "), ("/history x", "/history takes"),
      ("/send big", "! big: it has 2.0 MB"),
    ])
  func mistyped(_ line: String, _ answer: String) throws {
    let (server, folder) = (try TestServer("--max-file", "1M"), try TestFolder())
    _ = try FileScript("", "big", size: 2_000_000).write(to: folder)
    let client = try Program.path(of: "chat-client")
    let bob = try Terminal(
      "sh", ["-c", "cd \(folder.path) && exec \(client) --nick bob \(server.address)"])
    try bob.see("Connected to server!")
    try bob.type("\(line)\n")
    try bob.see(answer)
    try bob.type("/quit\n")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 0)
  }

  @Test("a line too long to be said, pasted at a terminal, is told of and is no failure")
  func tooLong() throws {
    let server = try TestServer()
    let bob = try Terminal("chat-client", ["--nick", "bob", server.address])
    try bob.see("Connected to server!")
    try bob.type("\u{1B}[200~\(String(repeating: "x", count: 8_192))\u{1B}[201~\r")
    try bob.see("! a line has at most")
    try bob.type("/quit\n")
    try bob.see("Bye!")
    #expect(try bob.exitCode() == 0)
  }

  @Test("in a pipe a file that is not there is a failure, as ever")
  func pipe() throws {
    let server = try TestServer()
    let bob = try Program("chat-client", ["--nick", "bob", server.address])
    try bob.type("[GET]:zz\n[FILES]:zz\n")
    try bob.endInput()
    #expect(try bob.rest() == "bob joined!\n")
    #expect(try bob.exitCode() == 0)
    let sender = try Program("chat-client", ["--nick", "bob", "--send", "/nope", server.address])
    #expect(try sender.exitCode() == 2)
  }
}
