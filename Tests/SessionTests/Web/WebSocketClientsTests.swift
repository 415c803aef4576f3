import Foundation
import TestKit
import Testing

/// Other people's programs against what this project makes of RFC 6455.
@Suite("WebSocket clients", .timeLimit(.minutes(3)))
struct WebSocketClientsTests {
  @Test("Python's websockets and curl talk at /ws, and pages of other origins don't")
  func clients() throws {
    let output = try WebScript.run(
      "clients", [try Program.path(of: "chat-server")], modules: ["websockets"], within: 150)
    if let output { #expect(output.contains(#/Clients: \d\d+ passed, 0 failed/#)) }
  }

  /// The echo target: every message comes back.
  private static func echo() throws -> (program: Program, address: String) {
    let program = try Program("ws-echo", ["0"])
    return (program, try #require(try program.line()))
  }

  @Test("the Autobahn suite's cases pass")
  func autobahn() throws {
    let echo = try Self.echo()
    let output = try WebScript.run(
      "autobahn_cases", [echo.address], modules: ["autobahn", "autobahntestsuite"], within: 150)
    if let output { #expect(output.contains(#/Autobahn: 265 cases: .*; 0 failed/#)) }
  }

  @Test("what the Autobahn suite leaves out is refused, and nothing else")
  func frames() throws {
    let echo = try Self.echo()
    let output = try WebScript.run("frames", [echo.address], modules: [], within: 150)
    if let output { #expect(output.contains(#/Frames: 2\d\d passed, 0 failed/#)) }
  }
}
