import Foundation
import TestKit
import Testing

/// The real programs, started with standard streams that are closed.
@Suite("Closed standard streams", .timeLimit(.minutes(1)))
struct ClosedStreamTests {
  private static func shell(_ script: String) throws -> Program {
    var script = script
    for name in ["chat-client", "chat-server"] {
      script = try script.replacing(name, with: Program.path(of: name))
    }
    return try Program("sh", ["-c", script])
  }

  private static func port(of server: Program) throws -> String {
    let line = try #require(try server.line())
    return try String(#require(line.split(separator: ":").last))
  }

  @Test("nothing that the server opens is taken for one of them", arguments: ["0<&- 2>&-", "2>&-"])
  func server(_ closed: String) throws {
    let folder = try TestFolder()
    let data = "\(folder.path)/data"
    let server = try Self.shell(
      "exec chat-server --port 0 --data '\(data)' --log-level debug \(closed)")
    let port = try Self.port(of: server)
    for _ in 0..<3 {
      let alice = try Self.shell("echo hello | chat-client --nick alice 127.0.0.1:\(port)")
      #expect(try alice.rest().hasSuffix("alice: hello\n"))
      #expect(try alice.exitCode() == 0)
    }
    server.signal(SIGTERM)
    #expect(try server.exitCode() == 0)
    let lock = try Data(contentsOf: URL(fileURLWithPath: "\(data)/lock"))
    #expect(lock.isEmpty)
  }

  @Test("no client is sent the server's log")
  func logToClient() throws {
    let server = try Self.shell(
      "exec chat-server --port 0 --no-history --log-level debug 0<&- 2>&-")
    let port = try Self.port(of: server)
    var sockets: [TestSocket] = []
    for number in 0..<4 {
      let socket = try TestSocket(port: UInt16(port) ?? 0)
      try socket.expect("NICK")
      try socket.send("nick\(number)\n")
      try socket.expect("nick\(number) joined!")
      try socket.expect("Connected to server!")
      sockets.append(socket)
    }
    for number in 1..<4 { try sockets[0].expect("nick\(number) joined!") }
    server.signal(SIGTERM)
    #expect(try server.exitCode() == 0)
  }

  @Test("the room does not hear what the client complains of")
  func client() throws {
    let server = try TestServer()
    let bob = try server.join("bob")
    let alice = try Self.shell(
      "chat-client --nick alice --send /nowhere/a --send /nowhere/b "
        + "-- \(server.address) 0<&- 1>&- 2>&-")
    #expect(try alice.exitCode() != 0)
    let carol = try Self.shell("chat-client --nick carol \(server.address) 0<&- 1>&- 2>&-")
    #expect(try carol.exitCode() == 0)
    try bob.send("the end\n")
    var heard: [String] = []
    while let line = try bob.line(), line != "bob: the end" { heard.append(line) }
    // Whoever opens all that it sends before it connects does not even come.
    let isCarol = heard.suffix(2) == ["carol joined!", "carol left!"]
    #expect(isCarol && heard.allSatisfy { $0.hasSuffix(" joined!") || $0.hasSuffix(" left!") })
  }
}
