import Foundation
import TestKit
import Testing

/// The real programs where /proc is missing, as in a chroot: Swift's own list of arguments is read from there.
@Suite("Without /proc", .timeLimit(.minutes(2)))
struct WithoutProcTests {
  /// Starts a program with an empty folder mounted over /proc, in a mount namespace of its own.
  ///
  /// - Returns: `nil`, and says why, where this can't be done.
  private static func start(_ name: String, _ arguments: [String]) throws -> Program? {
    guard !Environment.isSanitized else {
      print("Skipped: the sanitizer itself needs /proc")
      return nil
    }
    let namespace = geteuid() == 0 ? ["-m"] : ["-r", "-m"]
    let script = "mount -t tmpfs none /proc && test ! -e /proc/self"
    let attempt = try Program("unshare", namespace + ["sh", "-c", script])
    guard try attempt.exitCode() == 0 else {
      print("Skipped: this system lets nobody mount anything: \(attempt.errors)")
      return nil
    }
    return try Program(
      "unshare",
      namespace + ["sh", "-c", "\(script) && exec \"$0\" \"$@\"", Program.path(of: name)]
        + arguments)
  }

  @Test("the flags are those that main was given", arguments: ["chat-server", "chat-client"])
  func flags(_ name: String) throws {
    guard let program = try Self.start(name, ["--version"]) else { return }
    #expect(try program.line() == "\(name) 0.1.0")
    #expect(try program.exitCode() == 0)
    let wrong = try #require(try Self.start(name, ["--port=0", "--wrong=1", "--data", "/nowhere"]))
    #expect(try wrong.exitCode() == 2)
  }

  @Test("a server serves, and the clients talk and send files")
  func talk() throws {
    let folder = try TestFolder()
    guard
      let server = try Self.start("chat-server", ["--port", "0", "--data", "\(folder.path)/data"])
    else { return }
    let line = try #require(try server.line())
    let address = String(try #require(line.split(separator: " ").last))
    let file = "\(folder.path)/notes.txt"
    try Data("some notes\n".utf8).write(to: URL(fileURLWithPath: file))
    let alice = try #require(
      try Self.start("chat-client", ["--nick", "alice", "--downloads", folder.path, address]))
    #expect(try alice.line() == "alice joined!")
    let bob = try #require(
      try Self.start("chat-client", ["--nick", "bob", "--send", file, "--", address]))
    #expect(try bob.exitCode() == 0)
    try alice.type("hello\n")
    try alice.endInput()
    #expect(try alice.rest().contains("bob sent notes.txt (11 B)\n"))
    #expect(try alice.exitCode() == 0)
    #expect(folder.bytes(of: "received_notes.txt") == Array("some notes\n".utf8))
    server.signal(SIGTERM)
    #expect(try server.exitCode() == 0)
  }
}
