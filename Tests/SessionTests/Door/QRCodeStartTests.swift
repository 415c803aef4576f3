import ChatSystem
import Foundation
import TestKit
import Testing

/// The QR code with which the server starts.
@Suite("The QR code at the start", .timeLimit(.minutes(1)))
struct QRCodeStartTests {
  /// The colours with which every line of a code begins.
  private static let colors = "\u{1B}[38;5;16;48;5;231m"

  /// An address of this machine by which it is another one to the server; `nil`, and says so, if there is none.
  private static func otherAddress() -> String? {
    let address = Address.ofThisMachine(port: 1).first { !$0.host.contains(":") }?.host
    if address == nil { print("Not run: this machine has no address but loopback") }
    return address
  }

  private static func waitUntilStarted(_ server: TestServer) throws {
    try eventually("the server says how to stop") { server.program.errors.contains("Stop:") }
    // What the log says comes after it.
    _ = try server.join("alice")
    try eventually("it is in the log") { server.program.errors.contains("alice joined") }
  }

  @Test("without a terminal there is none, unless it is asked for: then it follows how to stop")
  func pipe() throws {
    for flags in [[], ["--no-qr"], ["--qr", "--no-http"]] {
      let server = try TestServer(arguments: flags)
      try Self.waitUntilStarted(server)
      #expect(!server.program.errors.contains(Self.colors))
    }
    let server = try TestServer("--qr")
    try Self.waitUntilStarted(server)
    let lines = server.program.errors.split(separator: "\n")
    let stop = try #require(lines.firstIndex { $0.hasPrefix("Stop:") })
    let web = try #require(lines.firstIndex(of: "Web:   https://127.0.0.1:\(server.port)/"))
    #expect(lines[(stop + 1)..<web].allSatisfy { $0.hasPrefix(Self.colors) })
    #expect(web - stop > 15)
  }

  @Test("at a terminal it is shown if others can come, and not where there is loopback alone")
  func terminal() throws {
    for (hosts, flags) in [
      (["127.0.0.1"], [String]()), (["127.0.0.1", Self.otherAddress()].compactMap(\.self), []),
      (["127.0.0.1", Self.otherAddress()].compactMap(\.self), ["--no-qr"]),
    ] {
      let folder = try TestFolder()
      let server = try Terminal(
        "chat-server",
        ["--port", "0", "--data", folder.path] + hosts.flatMap { ["--host", $0] } + flags)
      // Standard output is the same terminal: the page's link is the last of the start.
      try server.see(bytes: Array("web http".utf8))
      let written = String(decoding: server.written, as: UTF8.self)
      let isShown = hosts.count > 1 && flags.isEmpty
      #expect(written.contains(Self.colors) == isShown)
      #expect(written.contains("Web:   https://\(hosts.last ?? ""):") == isShown)
    }
  }

  @Test("what the server tells others of itself over TLS, and who is where")
  func about() throws {
    guard let host = Self.otherAddress() else { return }
    let server = try TestServer("--host", "127.0.0.1", "--host", host, "--greet-after", "1000")
    let alice = try server.join("alice")
    defer { withExtendedLifetime(alice) {} }
    func get(_ path: String) throws -> String {
      let curl = try Program("curl", ["-sSk", "https://localhost:\(server.port)\(path)"])
      return try curl.rest()
    }
    #expect(try get("/about.json").contains("\"origin\":\"https://\(host):\(server.port)\""))
    #expect(try get("/rooms.json") == "{\"rooms\":[{\"members\":1,\"name\":\"lobby\"}]}")
  }
}
