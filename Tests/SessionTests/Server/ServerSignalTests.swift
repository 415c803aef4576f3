import Foundation
import TestKit
import Testing

/// The real server, and signals that are about a terminal, or come to the first process of a container.
@Suite("The server's signals", .timeLimit(.minutes(1)))
struct ServerSignalTests {
  private static let unshare = [
    "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child",
  ]

  private static func isLogged(_ server: Program, times: Int) throws {
    try eventually("SIGHUP is in the log") {
      server.errors.split(separator: "\n").count { $0.contains("SIGHUP") } == times
    }
  }

  @Test("SIGHUP changes nothing, and is in the log")
  func hangup() throws {
    let server = try TestServer()
    let bob = try server.join("bob")
    for times in 1...3 {
      server.program.signal(SIGHUP)
      try Self.isLogged(server.program, times: times)
      try bob.send("\(times)\n")
      try bob.expect("bob: \(times)")
    }
    server.program.signal(SIGTERM)
    #expect(try server.program.exitCode() == 0)
  }

  @Test("nor does it for nohup, which has it ignored")
  func nohup() throws {
    let folder = try TestFolder()
    let server = try Program(
      "nohup", [Program.path(of: "chat-server"), "--port", "0", "--data", folder.path])
    let line = try #require(try server.line())
    server.signal(SIGHUP)
    let address = try String(#require(line.split(separator: " ").last))
    let bob = try Program("chat-client", ["--nick", "bob", address])
    try bob.endInput()
    #expect(try bob.exitCode() == 0)
    server.signal(SIGTERM)
    #expect(try server.exitCode() == 0)
  }

  @Test("as process 1 it takes SIGHUP, and ends politely by SIGTERM or SIGINT", arguments: [15, 2])
  func first(_ ending: Int32) throws {
    let attempt = try Program("unshare", Self.unshare + ["true"])
    guard try attempt.exitCode() == 0 else {
      return print("Skipped: this system lets nobody make a PID namespace: \(attempt.errors)")
    }
    let folder = try TestFolder()
    let server = try Program(
      "unshare",
      Self.unshare + [
        Program.path(of: "chat-server"), "--port", "0", "--data", "\(folder.path)/data",
      ])
    let line = try #require(try server.line())
    let address = try String(#require(line.split(separator: ":").last))
    let path = "/proc/\(server.pid)/task/\(server.pid)/children"
    let children = try String(contentsOfFile: path, encoding: .utf8)
    let pid = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    kill(pid, SIGHUP)
    try Self.isLogged(server, times: 1)
    let bob = try TestSocket(port: UInt16(address) ?? 0)
    try bob.expect("NICK")
    // A second signal ends it at once: this client does not go by itself.
    kill(pid, ending)
    try eventually("it is stopping") { server.errors.contains("stopping") }
    kill(pid, ending)
    let code = try server.exitCode()
    #expect(code == 0 || code == 128 + ending)
  }
}
