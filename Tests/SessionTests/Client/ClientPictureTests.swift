import Foundation
import TestKit
import Testing

/// Images that were saved, on a person's terminal.
@Suite("Pictures in the client", .timeLimit(.minutes(1)))
struct ClientPictureTests {
  /// The smallest PNG there is: one pixel.
  private static let png =
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
    ).map(Array.init) ?? []

  /// Bob at a terminal, who is sent an image.
  private static func show(
    _ arguments: String..., kind: String = "xterm", isColorless: Bool = false,
    isMultiplexed: Bool = false, _ body: (Terminal) throws -> Void
  ) throws {
    let folder = try TestFolder()
    let server = try TestServer()
    let bob = try Terminal(
      "chat-client", ["--nick", "bob", "--downloads", folder.path, server.address] + arguments,
      kind: kind, isColorless: isColorless,
      // No tool but those that a test makes.
      variables: ["PATH": folder.path, "TMUX": isMultiplexed ? "/tmp/tmux,1,0" : ""])
    try bob.see("Connected to server!")
    let alice = try server.joinSpeaking("alice")
    try alice.upload("dot.png", png)
    try bob.see("saved received_dot.png")
    try body(bob)
    // The row is as it was.
    try bob.type("hello\r")
    try bob.see("bob: hello")
    try bob.type("exit\r")
    #expect(try bob.exitCode() == 0)
  }

  private static let question = Array("\u{1B}_Gi=31".utf8)

  @Test("a terminal that says it has kitty's graphics is shown the image")
  func kitty() throws {
    try Self.show { bob in
      try bob.see(bytes: Self.question)
      try bob.type(bytes: Array("\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;22c".utf8))
      try bob.see(bytes: Array("\u{1B}_Ga=T,f=100".utf8))
    }
  }

  @Test(
    "one that says it has nothing is told in words, and so is one that says nothing",
    arguments: [true, false])
  func words(answers: Bool) throws {
    try Self.show { bob in
      try bob.see(bytes: Self.question)
      if answers { try bob.type(bytes: Array("\u{1B}[?62;22c".utf8)) }
      try bob.see("* PNG image, 1 x 1")
    }
  }

  @Test("in tmux no question is asked that would change its title")
  func multiplexed() throws {
    try Self.show(isMultiplexed: true) { bob in
      try bob.see(bytes: Array("\u{1B}[16t\u{1B}[c".utf8))
      try bob.type(bytes: Array("\u{1B}[?1;2c".utf8))
      try bob.see("* PNG image, 1 x 1")
      #expect(bob.written.firstRange(of: Self.question) == nil)
    }
  }

  @Test("a plain terminal is not asked")
  func plain() throws {
    try Self.show(kind: "dumb") { bob in
      try bob.see("* PNG image, 1 x 1")
      #expect(bob.written.firstRange(of: Self.question) == nil)
    }
  }

  @Test("--no-images and NO_COLOR switch it off", arguments: [true, false])
  func off(isColorless: Bool) throws {
    try Self.show(isColorless ? "--no-reconnect" : "--no-images", isColorless: isColorless) { bob in
      try bob.type("/who\r")
      try bob.see("Here: alice, bob")
      #expect(bob.written.firstRange(of: Self.question) == nil)
      #expect(!bob.display.rows.contains { $0.contains("PNG") })
    }
  }
}
