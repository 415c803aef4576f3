import Foundation
import TestKit
import Testing

/// A file that comes with `curl -T`.
@Suite("Files put by HTTP", .timeLimit(.minutes(3)))
struct FileVisitTests {
  private static let bytes = FileScript("", "", size: 3_000_000).bytes

  /// Puts a file, and gives the status and what was answered.
  private static func put(
    _ path: String, to url: String, _ more: [String] = []
  ) throws -> (status: String, text: String) {
    let curl = try Program(
      "curl", ["-sSk", "-w", "%{http_code}", "-T", path, url] + more)
    let output = try curl.rest()
    _ = try curl.exitCode()
    return (String(output.suffix(3)), String(output.dropLast(3)))
  }

  private static func file(_ name: String, _ bytes: [UInt8]) throws -> (TestFolder, String) {
    let folder = try TestFolder()
    let path = "\(folder.path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return (folder, path)
  }

  @Test("everyone reads who sent it, and the link brings it back, over TLS as well")
  func visit() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let (folder, path) = try Self.file("report.pdf", Self.bytes)
    for scheme in ["http", "https"] {
      let origin = "\(scheme)://\(server.address)"
      let (status, text) = try Self.put(path, to: "\(origin)/lobby/?nick=ci")
      #expect(status == "201")
      let link = text.trimmingCharacters(in: .newlines)
      #expect(link.hasPrefix("\(origin)/files/") && link.hasSuffix("/report.pdf"))
      try alice.expect("ci joined!")
      try alice.expect("ci sent report.pdf (3.0 MB)")
      let id = link.split(separator: "/").dropLast().last ?? ""
      // Who reads of it without TLS finds it without.
      try alice.expect(
        "[NOTICE]:Type [GET]:\(id) or open http://\(server.address)/files/\(id)/report.pdf"
          + " to get report.pdf.")
      try alice.expect("ci left!")
      let curl = try Program("curl", ["-sSk", "-o", "\(folder.path)/back", link])
      #expect(try curl.exitCode() == 0)
      #expect(folder.bytes(of: "back") == Self.bytes)
    }
  }

  @Test("an empty file, a name of any kind, a public and a private room")
  func rooms() throws {
    let server = try TestServer("--rate", "0")
    let (folder, path) = try Self.file("empty", [])
    defer { withExtendedLifetime(folder) {} }
    let dave = try server.joinSpeaking("dave", room: "#dev")
    let name = "%22%C3%A4%20b%22.txt"
    #expect(
      try Self.put(path, to: "http://\(server.address)/%23dev/\(name)?nick=ci").status == "201")
    try dave.expect("ci joined!")
    try dave.expect("ci sent \"ä b\".txt (0 B)")
    try dave.send("[NEWROOM]:\n")
    var code = ""
    while let line = try dave.line() {
      if line.hasPrefix("[ROOM]:") {
        code = String(line.dropFirst(7).prefix { $0 != "\t" })
        break
      }
    }
    #expect(code.utf8.count == 6)
    #expect(try Self.put(path, to: "http://\(server.address)/\(code)/x?nick=ci").status == "201")
    while let line = try dave.line(), line != "ci joined!" {}
    try dave.expect("ci sent x (0 B)")
  }

  @Test("what can't be taken is refused with its status, and nobody comes in")
  func refusals() throws {
    let server = try TestServer("--rate", "0", "--max-file", "2M")
    let alice = try server.join("alice")
    let (folder, path) = try Self.file("small", [1, 2, 3])
    let (other, large) = try Self.file("large", Self.bytes)
    defer { withExtendedLifetime((folder, other)) {} }
    let origin = "http://\(server.address)"
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=alice").status == "409")
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=AL%49CE").status == "409")
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=a%20b").status == "400")
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=").status == "400")
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=%ff").status == "400")
    #expect(try Self.put(path, to: "\(origin)/lobby/").status == "400")
    #expect(try Self.put(path, to: "\(origin)/lobby/%2e%2e?nick=ci").status == "400")
    #expect(try Self.put(path, to: "\(origin)/nothing/?nick=ci").status == "404")
    #expect(try Self.put(path, to: "\(origin)/?nick=ci").status == "404")
    #expect(try Self.put(large, to: "\(origin)/lobby/?nick=ci").status == "413")
    let part = ["-H", "Content-Range: bytes 0-2/9"]
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=ci", part).status == "400")
    let chunked = ["-H", "Transfer-Encoding: chunked"]
    #expect(try Self.put(path, to: "\(origin)/lobby/?nick=ci", chunked).status == "501")
    for field in [
      "Origin: http://evil.example", "Origin: \(origin)", "Sec-Fetch-Site: same-origin",
    ] {
      #expect(try Self.put(path, to: "\(origin)/lobby/?nick=ci", ["-H", field]).status == "403")
    }
    try alice.expectNothing()
    let none = try TestServer("--no-history")
    #expect(
      try Self.put(path, to: "http://\(none.address)/lobby/?nick=ci").text.contains("stores no"))
  }

  @Test("who goes away in the middle leaves nothing but a join and a leave")
  func broken() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    // A nickname is free a moment after its leave was told.
    for nick in ["ci", "cj", "ck"] {
      var socket: TestSocket? = try server.connect()
      try socket?.send(
        "PUT /lobby/a?nick=\(nick) HTTP/1.1\r\nHost: \(server.address)\r\nContent-Length: 9\r\n\r\nabc"
      )
      try alice.expect("\(nick) joined!")
      // It is closed with its last owner.
      socket = nil
      try alice.expect("\(nick) left!")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(
        atPath: "\(server.data.path)/files/partial"
      ).isEmpty)
  }

  @Test("who sends nothing more is told so")
  func stalled() throws {
    let server = try TestServer("--rate", "0", "--reader-timeout", "1")
    let alice = try server.join("alice")
    let socket = try server.connect()
    try socket.send(
      "PUT /lobby/a?nick=ci HTTP/1.1\r\nHost: \(server.address)\r\nContent-Length: 9\r\n\r\nabc")
    try alice.expect("ci joined!")
    #expect(try socket.line()?.hasPrefix("HTTP/1.1 408") == true)
    try alice.expect("ci left!")
  }

  @Test("one connection puts no more files than it may say lines")
  func rate() throws {
    let server = try TestServer("--rate", "10")
    let socket = try server.connect()
    let start = Date.now
    for number in 0..<6 {
      try socket.send(
        "PUT /lobby/\(number)?nick=ci HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    }
    for _ in 0..<6 { while let line = try socket.line(), !line.hasPrefix("HTTP/1.1 201") {} }
    // Each costs as much as 22 lines, and the first 100 are free.
    #expect(Date.now.timeIntervalSince(start) > 1)
  }

  @Test("a connection that goes on puts the next file")
  func keptAlive() throws {
    let server = try TestServer("--rate", "0")
    let alice = try server.join("alice")
    let socket = try server.connect()
    for name in ["a", "b"] {
      try socket.send(
        "PUT /lobby/\(name)?nick=ci HTTP/1.1\r\nHost: \(server.address)\r\nContent-Length: 3\r\n\r\nabc"
      )
      try alice.expect("ci joined!")
      try alice.expect("ci sent \(name) (3 B)")
      while let line = try alice.line(), line != "ci left!" {}
      while let line = try socket.line(), !line.hasPrefix("HTTP/1.1 201") {}
    }
  }
}
