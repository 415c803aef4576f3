import Foundation
import TestKit
import Testing

/// A newcomer's first minute: what the programs say, taken at its word.
@Suite("Start", .timeLimit(.minutes(1)))
struct StartTests {
  /// What the server says first, by the word in front of the colon.
  private func told(_ server: TestServer) throws -> [Substring: Substring] {
    try eventually("the server says how to stop") { server.program.errors.contains("Stop:") }
    let lines = server.program.errors.split(separator: "\n").prefix(5)
    return Dictionary(
      lines.map { line in
        let parts = line.split(separator: ":", maxSplits: 1)
        return (
          parts[0].trimmingPrefix(while: \.isWhitespace),
          parts[1].trimmingPrefix(while: \.isWhitespace)
        )
      }, uniquingKeysWith: { first, _ in first })
  }

  @Test("the server's first words say how to join, and both ways work as printed")
  func join() throws {
    let server = try TestServer()
    let told = try told(server)
    let client = try Program(
      "sh", ["-c", "printf 'alice\\nhello\\n' | \(try #require(told["Join"]))"])
    #expect(try client.rest().contains("alice: hello"))
    let nc = try Program(
      "sh", ["-c", "printf 'bob\\nhello\\nexit\\n' | \(try #require(told["or"]))"])
    let heard = try nc.rest()
    #expect(heard.contains("\nbob: hello\n"))
    #expect(heard.hasSuffix("Bye!\n"))
  }

  @Test("the server's first words say where the data is, and how to stop it")
  func data() throws {
    let server = try TestServer()
    let told = try told(server)
    let folder = String(try #require(told["Data"]))
    #expect(folder == server.data.path)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/history.db"))
    #expect(told["Key"]?.hasPrefix("SHA256:") == true)
    #expect(told["Stop"]?.contains("SIGTERM") == true)
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode() == 0)
  }

  @Test("a connection that is refused asks whether a server runs, and says how to start one")
  func refused() throws {
    // A port that is free: a server had it a moment ago.
    let port = try {
      let server = try TestServer()
      server.program.signal(SIGTERM)
      _ = try server.program.exitCode()
      return server.port
    }()
    let client = try Program("chat-client", ["--nick", "alice", "127.0.0.1:\(port)"])
    #expect(try client.exitCode() == 69)
    #expect(client.errors.contains("Is a server running"))
    let start = try #require(client.errors.split(separator: "`").dropFirst().first)
    #expect(start.hasSuffix("chat-server --port \(port)"))
    #expect(FileManager.default.isExecutableFile(atPath: String(start.split(separator: " ")[0])))
  }
}
