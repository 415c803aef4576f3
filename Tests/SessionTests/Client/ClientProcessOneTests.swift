import Foundation
import TestKit
import Testing

/// A PID namespace of one's own; the user namespace makes it possible without rights.
private let unshare = [
  "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child",
]

private let canUnshare = (try? Program("unshare", unshare + ["true"]).exitCode()) == 0

/// The client as the first process of a container, for which the system does nothing about a signal by default
/// (pid_namespaces(7)).
@Suite(
  "The client as process 1", .timeLimit(.minutes(1)),
  .enabled(if: canUnshare, "this system lets nobody make a PID namespace"))
struct ClientProcessOneTests {
  private static func start(_ arguments: [String]) throws -> (unshare: Program, pid: Int32) {
    let client = try Program.path(of: "chat-client")
    let program = try Program("unshare", unshare + [client] + arguments)
    let path = "/proc/\(program.pid)/task/\(program.pid)/children"
    var pid: Int32?
    try eventually("it is started") {
      pid = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ").first
        .flatMap { Int32($0) }
      return pid != nil
    }
    guard let pid else { throw Failure("it has no child") }
    return (program, pid)
  }

  @Test("a signal ends it at once", arguments: [SIGTERM, SIGINT, SIGHUP])
  func ending(_ signal: Int32) throws {
    let server = try TestServer()
    let (program, pid) = try Self.start(["--nick", "bob", server.address])
    #expect(try program.line() == "bob joined!")
    kill(pid, signal)
    #expect(try program.exitCode() == 128 + signal)
  }

  @Test("a signal that somebody has it ignore is ignored")
  func ignored() throws {
    let server = try TestServer()
    let client = try Program.path(of: "chat-client")
    let bob = try Program(
      "sh", ["-c", "trap '' HUP; exec \(client) --nick bob \(server.address)"])
    #expect(try bob.line() == "bob joined!")
    bob.signal(SIGHUP)
    try bob.type("hi\n")
    #expect(try bob.line() == "bob: hi")
    try bob.endInput()
    #expect(try bob.exitCode() == 0)
  }

  @Test("an output that nobody reads ends it")
  func brokenPipe() throws {
    let server = try TestServer()
    let client = try Program.path(of: "chat-client")
    let bob = try Program(
      "sh",
      [
        "-c",
        "unshare \(unshare.joined(separator: " ")) sh -c '\(client) --nick bob "
          + "\(server.address); echo $? >&2' | head -n 1",
      ])
    #expect(try bob.line() == "bob joined!")
    let alice = try server.join("alice")
    try alice.send("hi\n")
    try eventually("it has ended") { bob.errors.hasSuffix("1\n") || bob.errors.hasSuffix("141\n") }
  }
}
