import Foundation
import TestKit
import Testing

/// HTTP over TLS, to clients that read when they like.
@Suite("HTTP over TLS", .timeLimit(.minutes(3)))
struct FileTLSTests {
  private static func run(_ script: String, _ arguments: [String]) throws -> String {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let python = try Program("python3", ["\(tests.path)/OtherPrograms/\(script)"] + arguments)
    let output = try python.rest(within: 150)
    #expect(try python.exitCode() == 0, "\(python.errors)")
    return output
  }

  @Test("who reads late gets the end of a file, however long it is", arguments: [true, false])
  func lateReader(_ closes: Bool) throws {
    let server = try TestServer("--rate", "0", "--greet-after", "1000")
    let id = try server.joinSpeaking("alice").upload("a", [UInt8](repeating: 1, count: 400_000))
    #expect(
      try Self.run("late_reader.py", ["\(server.port)", "/files/\(id)", "\(closes)"]) == "done\n")
  }

  @Test("who ends its side gets the answer, and the server's own end (close_notify)")
  func halfClosed() throws {
    let server = try TestServer("--greet-after", "1000")
    #expect(try Self.run("half_closed.py", ["\(server.port)"]) == "ok True\n")
  }
}
