import ChatSystem
import Foundation
import TestKit
import Testing

/// The real server on several addresses.
@Suite("Hosts to listen on", .timeLimit(.minutes(1)))
struct HostTests {
  private static let hasVersion6 = (try? Listener(on: Address(host: "::1", port: 0))) != nil

  /// Starts a server, which says where it listens and where its page is, and tells its port.
  private static func start(_ arguments: [String]) throws -> (Program, UInt16, String) {
    let server = try Program("chat-server", ["--no-history"] + arguments)
    guard let line = try server.line(), line.hasPrefix("chat "),
      let address = Address(String(line.dropFirst(5)), defaultPort: 0), address.port != 0
    else { throw Failure("it did not start: \(server.errors)") }
    #expect(try server.line() == "web http://\(address)/")
    return (server, address.port, address.host)
  }

  private static func expect(_ hosts: String..., at port: UInt16) throws {
    for host in hosts { try TestSocket(port: port, host: host).expect("NICK") }
  }

  private static func stop(_ server: Program) throws {
    server.signal(SIGTERM)
    #expect(try server.rest() == "")
    #expect(try server.exitCode() == 0)
  }

  @Test("localhost is both of this machine's own addresses, with one port")
  func localhost() throws {
    guard Self.hasVersion6 else { return print("Skipped: this system has no ::1") }
    let (server, port, host) = try Self.start(["--host", "localhost", "--port", "0"])
    #expect(host == "127.0.0.1")
    try Self.expect("127.0.0.1", "::1", at: port)
    let bob = try TestSocket(port: port, host: "::1")
    try bob.expect("NICK")
    try bob.send("bob\n")
    try bob.expect("bob joined!")
    try Self.stop(server)
    #expect(server.errors.contains("listening on 127.0.0.1:\(port), [::1]:\(port)\n"))
  }

  @Test("several hosts are served, each address once, with one port")
  func several() throws {
    let (server, port, host) = try Self.start([
      "--host", "127.0.0.2", "--host=127.0.0.1", "--port=0", "--host", "127.0.0.2",
    ])
    #expect(host == "127.0.0.2")
    try Self.expect("127.0.0.1", "127.0.0.2", at: port)
    #expect(throws: (any Error).self) { try TestSocket(port: port, host: "127.0.0.3") }
    try Self.stop(server)
    // Both are free again.
    let again = try Self.start([
      "--host", "127.0.0.1", "--host", "127.0.0.2", "--port", "\(port)",
    ])
    try Self.stop(again.0)
  }

  @Test("an address that stands for others takes their place")
  func wildcard() throws {
    for hosts in [["0.0.0.0", "127.0.0.1"], ["127.0.0.1", "0.0.0.0"]] {
      let (server, port, host) = try Self.start(
        hosts.flatMap { ["--host", $0] } + ["--port", "0"])
      #expect(host == "0.0.0.0")
      try Self.expect("127.0.0.1", "127.0.0.7", at: port)
      try Self.stop(server)
    }
    guard Self.hasVersion6 else { return print("Skipped in part: this system has no ::1") }
    let (server, port, host) = try Self.start([
      "--host", "127.0.0.1", "--host", "::1", "--host", "::", "--host", "0.0.0.0", "--port", "0",
    ])
    #expect(host == "::")
    try Self.expect("127.0.0.1", "127.0.0.7", "::1", at: port)
    try Self.stop(server)
  }

  @Test("what can't be had is told, and the rest is served")
  func partly() throws {
    let (server, port, host) = try Self.start([
      "--host", "203.0.113.1", "--host", "name.invalid", "--host", "127.0.0.1", "--port", "0",
    ])
    #expect(host == "127.0.0.1")
    try Self.expect("127.0.0.1", at: port)
    try Self.stop(server)
    #expect(server.errors.contains("warning: cannot listen on 203.0.113.1:"))
    #expect(server.errors.contains("warning: cannot listen on name.invalid:"))
  }

  @Test("it fails, in one line, where nothing can be had")
  func nothing() throws {
    let taken = try Listener(on: Address(host: "127.0.0.1", port: 0))
    try withExtendedLifetime(taken) {
      for arguments in [
        ["--host", "127.0.0.1", "--port", "\(taken.address.port)"], ["--host", "203.0.113.1"],
        ["--host", "203.0.113.1", "--host", "198.51.100.1"], ["--host", ""],
      ] {
        let server = try Program("chat-server", ["--no-history"] + arguments)
        #expect(try server.exitCode() == 1)
        #expect(server.errors.hasPrefix("chat-server: cannot listen on "))
        #expect(server.errors.split(separator: "\n").count == 1)
      }
    }
  }
}
