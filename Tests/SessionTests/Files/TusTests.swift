import ChatCore
import Foundation
import TestKit
import Testing

/// Uploads by tus 1.0, with raw requests and with tuspy.
@Suite("Uploads by tus", .timeLimit(.minutes(3)))
struct TusTests {
  private static let bytes = FileScript("", "", size: 3_000_000).bytes

  /// An answer's status, and its fields with their names in lower case.
  private struct Reply {
    let status: Int
    let fields: [String: String]

    var offset: Int? { fields["upload-offset"].flatMap { Int($0) } }
  }

  /// Somebody of the talk, with a token, who uploads.
  private final class Sender {
    let server: TestServer
    let socket: TestSocket
    let token: String
    var origin: String { "http://\(server.address)" }

    init(_ server: TestServer, _ nickname: String = "alice") throws {
      self.server = server
      socket = try server.connect()
      try socket.send("[HELLO]:1\n\(nickname)\n")
      var token = ""
      while let line = try socket.line(), line != "Connected to server!" {
        if let start = line.firstRange(of: "\ttoken=") { token = String(line[start.upperBound...]) }
      }
      self.token = token
    }

    /// Sends a request.
    func request(
      _ method: String, _ path: String, _ fields: [String] = [], body: [UInt8]? = nil,
      hasToken: Bool = true, isTus: Bool = true
    ) throws -> Reply {
      let folder = try TestFolder()
      var arguments = ["-sS", "-i", "-o", "/dev/null", "-D", "-", "-X", method, "-H", "Expect:"]
      if method == "HEAD" { arguments += ["-I"] }
      let common =
        (isTus ? ["Tus-Resumable: 1.0.0"] : [])
        + (hasToken ? ["Authorization: Bearer \(token)"] : [])
      arguments += (common + fields).flatMap { ["-H", $0] }
      if let body {
        try Data(body).write(to: URL(fileURLWithPath: "\(folder.path)/body"))
        arguments += ["--data-binary", "@\(folder.path)/body"]
      }
      let curl = try Program("curl", arguments + [path.hasPrefix("/") ? origin + path : path])
      let lines = try curl.rest().components(separatedBy: "\r\n")
      var known: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        known[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2))
      }
      let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      return Reply(status: status ?? 0, fields: known)
    }

    static func metadata(_ pairs: [String: String]) -> String {
      "Upload-Metadata: "
        + pairs.map { "\($0.key) \(Data($0.value.utf8).base64EncodedString())" }
        .joined(separator: ",")
    }

    /// Begins an upload.
    func begin(
      _ name: String, _ bytes: [UInt8], isSummed: Bool = true
    ) throws -> (path: String, offset: Int) {
      var pairs = ["filename": name]
      if isSummed { pairs["sha256"] = try TestSocket.digest(bytes).hex }
      let reply = try request(
        "POST", "/files", ["Upload-Length: \(bytes.count)", Self.metadata(pairs)])
      try #require(reply.status == 201, "\(reply)")
      return (try #require(reply.fields["location"]), reply.offset ?? 0)
    }

    func patch(
      _ path: String, at offset: Int, _ bytes: ArraySlice<UInt8>, _ fields: [String] = []
    ) throws -> Reply {
      try request(
        "PATCH", path,
        ["Upload-Offset: \(offset)", "Content-Type: application/offset+octet-stream"] + fields,
        body: Array(bytes))
    }
  }

  @Test("in parts, then it is announced, and is the file", arguments: [true, false])
  func parts(_ isSummed: Bool) throws {
    let server = try TestServer("--rate", "0")
    let (alice, bob) = (try Sender(server), try server.join("bob"))
    let (path, offset) = try alice.begin("report.pdf", Self.bytes, isSummed: isSummed)
    #expect(offset == 0)
    var sent = 0
    for size in [1, 999_999, 0, 2_000_000] {
      let state = try alice.request("HEAD", path)
      #expect(state.status == 200 && state.offset == sent)
      #expect(state.fields["upload-length"] == "3000000" && state.fields["location"] == nil)
      #expect(state.fields["upload-metadata"]?.hasPrefix("filename ") == !isSummed || isSummed)
      let reply = try alice.patch(path, at: sent, Self.bytes[sent..<sent + size])
      sent += size
      #expect(reply.status == 204 && reply.offset == sent)
      #expect(reply.fields["tus-resumable"] == "1.0.0")
      #expect(reply.fields["upload-expires"]?.hasSuffix("GMT") == true)
      if sent == Self.bytes.count {
        let link = alice.origin + (reply.fields["location"] ?? "")
        let folder = try TestFolder()
        #expect(
          try Program("curl", ["-sS", "-o", "\(folder.path)/a", link]).exitCode() == 0)
        #expect(folder.bytes(of: "a") == Self.bytes)
      }
    }
    try bob.expect("alice sent report.pdf (3.0 MB)")
    // Who did not get the last answer asks again, and is told the link then.
    let state = try alice.request("HEAD", path)
    #expect(state.offset == sent)
    #expect(state.fields["location"]?.wholeMatch(of: #//files/\w{22}/report\.pdf/#) != nil)
    let last = try alice.patch(path, at: sent, [])
    #expect(last.status == 204 && last.fields["location"] == state.fields["location"])
    #expect(try alice.patch(path, at: 0, Self.bytes[..<1]).status == 409)
  }

  @Test("an empty file is there at once")
  func empty() throws {
    let server = try TestServer("--rate", "0")
    let (alice, bob) = (try Sender(server), try server.join("bob"))
    let reply = try alice.request(
      "POST", "/files", ["Upload-Length: 0", Sender.metadata(["filename": "nothing"])])
    try bob.expect("alice sent nothing (0 B)")
    let link = try #require(reply.fields["content-location"])
    #expect(link.wholeMatch(of: #//files/\w{22}/nothing/#) != nil)
    let state = try alice.request("HEAD", try #require(reply.fields["location"]))
    #expect(state.offset == 0 && state.fields["location"] == link)
  }

  @Test("a file all of which is here already is there at once, and the answer has its link")
  func completeAtOnce() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    let (path, _) = try alice.begin("a", Self.bytes)
    try alice.socket.send("[ROOM]:#other\n")
    while let line = try alice.socket.line(), !line.hasPrefix("[ROOM]:") {}
    // All of it comes, and nobody is there to have sent it.
    #expect(try alice.patch(path, at: 0, Self.bytes[...]).status == 409)
    let sum = try TestSocket.digest(Self.bytes).hex
    let fields = ["Upload-Length: 3000000", Sender.metadata(["filename": "a", "sha256": sum])]
    let reply = try alice.request("POST", "/files", fields)
    #expect(reply.status == 201 && reply.offset == Self.bytes.count)
    #expect(reply.fields["content-location"]?.hasPrefix("/files/") == true)
    try alice.socket.expect("alice sent a (3.0 MB)")
  }

  @Test("a checksum that differs takes the part back; one that is right does not")
  func checksums() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    let (path, _) = try alice.begin("a", Self.bytes)
    let part = Self.bytes[..<1_000]
    var digest: [UInt8] = []
    try TestSocket.digest(Array(part)).append(to: &digest)
    let field = "Upload-Checksum: sha256 \(Data(digest).base64EncodedString())"
    #expect(try alice.patch(path, at: 0, Self.bytes[1..<1_001], [field]).status == 460)
    #expect(try alice.request("HEAD", path).offset == 0)
    #expect(try alice.patch(path, at: 0, part, [field]).offset == 1_000)
    #expect(try alice.patch(path, at: 1_000, part, ["Upload-Checksum: md5 AAAA"]).status == 400)
    // A whole that is not what was said to come is no file.
    let (other, _) = try alice.begin("b", Self.bytes.reversed())
    #expect(try alice.patch(other, at: 0, Self.bytes[...]).status == 460)
    #expect(try alice.request("HEAD", other).status == 404)
  }

  @Test("the same file of the same person goes on where it was, after a restart as well")
  func resumption() throws {
    let data = try TestFolder()
    var server = try TestServer("--rate", "0", data: data)
    var alice = try Sender(server)
    let (path, _) = try alice.begin("a", Self.bytes)
    #expect(try alice.patch(path, at: 0, Self.bytes[..<1_000_000]).offset == 1_000_000)
    let (again, offset) = try alice.begin("a", Self.bytes)
    #expect(again != path && offset == 1_000_000)
    #expect(try alice.request("HEAD", path).status == 404)
    server.program.signal(SIGTERM)
    _ = try server.program.exitCode()
    server = try TestServer("--rate", "0", data: data)
    alice = try Sender(server)
    let bob = try server.join("bob")
    #expect(try alice.request("HEAD", again).status == 404)
    let (last, kept) = try alice.begin("a", Self.bytes)
    #expect(kept == 1_000_000)
    #expect(try alice.patch(last, at: kept, Self.bytes[kept...]).status == 204)
    try bob.expect("alice sent a (3.0 MB)")
  }

  @Test("a file that is sent a second time goes on, too")
  func again() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    let (path, _) = try alice.begin("a", Self.bytes)
    #expect(try alice.patch(path, at: 0, Self.bytes[...]).status == 204)
    // Whichever of several is found by its content.
    for _ in 0..<8 {
      let (second, _) = try alice.begin("b", Self.bytes)
      #expect(try alice.patch(second, at: 0, Self.bytes[..<1_000_000]).status == 204)
      let (third, offset) = try alice.begin("b", Self.bytes)
      #expect(offset == 1_000_000)
      #expect(try alice.patch(third, at: offset, Self.bytes[offset...]).status == 204)
    }
  }

  @Test("a request that broke off keeps what came, and holds nobody up")
  func brokenRequest() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    let (path, _) = try alice.begin("a", Self.bytes)
    // It stays open, and sends nothing more: the next one takes the upload over.
    let stalled = try server.connect()
    try stalled.send(
      """
      PATCH \(path) HTTP/1.1\r\nHost: \(server.address)\r\nTus-Resumable: 1.0.0\r
      Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r
      Content-Length: 3000000\r\n\r\n
      """)
    try stalled.send(bytes: Array(Self.bytes[..<500_000]))
    try eventually("it has come") { try server.partialBytes() == 500_000 }
    #expect(try alice.request("HEAD", path).offset == 500_000)
    #expect(try alice.patch(path, at: 500_000, Self.bytes[500_000...]).status == 204)
  }

  @Test("what can't be taken is refused with its status")
  func refusals() throws {
    let server = try TestServer("--rate", "0", "--max-file", "4M")
    let alice = try Sender(server)
    let name = Sender.metadata(["filename": "a"])
    func status(
      _ fields: [String], hasToken: Bool = true, isTus: Bool = true
    ) throws -> Int {
      try alice.request("POST", "/files", fields, hasToken: hasToken, isTus: isTus).status
    }
    #expect(try status(["Upload-Length: 1", name], hasToken: false) == 401)
    let other = ["Upload-Length: 1", name, "Authorization: Bearer \(alice.token.dropLast())x"]
    #expect(try status(other, hasToken: false) == 401)
    #expect(try status(["Upload-Length: 1", name], isTus: false) == 412)
    #expect(try status([name]) == 400)
    #expect(try status(["Upload-Length: -1", name]) == 400)
    #expect(try status(["Upload-Length: 4000001", name]) == 413)
    #expect(try status(["Upload-Length: 9223372036854775807", name]) == 413)
    #expect(try status(["Upload-Length: 1"]) == 400)
    #expect(try status(["Upload-Length: 1", "Upload-Metadata: filename !!!"]) == 400)
    #expect(try status(["Upload-Length: 1", Sender.metadata(["filename": ".."])]) == 400)
    let wrong = Sender.metadata(["filename": "a", "sha256": "12"])
    #expect(try status(["Upload-Length: 1", wrong]) == 400)
    let elsewhere = Sender.metadata(["filename": "a", "room": "#other"])
    #expect(try status(["Upload-Length: 1", elsewhere]) == 403)
    #expect(try status(["Upload-Length: 1", name, "Origin: http://evil.example"]) == 403)
    let (path, _) = try alice.begin("a", Self.bytes)
    #expect(try alice.patch(path, at: 1, Self.bytes[..<1]).status == 409)
    #expect(try alice.patch(path, at: 0, (Self.bytes + [1])[...]).status == 413)
    #expect(try alice.request("PATCH", path, ["Upload-Offset: 0"], body: [1]).status == 415)
    #expect(try alice.request("PATCH", path + "x", body: [1]).status == 404)
    // A file for a room is not announced in another.
    #expect(try alice.patch(path, at: 0, Self.bytes[..<2_999_999]).status == 204)
    try alice.socket.send("[ROOM]:#swift\n")
    while let line = try alice.socket.line(), !line.hasPrefix("[ROOM]:#swift") {}
    #expect(try alice.patch(path, at: 2_999_999, Self.bytes[2_999_999...]).status == 409)
    #expect(try alice.request("HEAD", path).offset == 3_000_000)
    #expect(try alice.request("DELETE", path).status == 204)
    #expect(try alice.request("HEAD", path).status == 404)
    let capabilities = try alice.request("OPTIONS", "/files", hasToken: false, isTus: false)
    #expect(capabilities.status == 204 && capabilities.fields["tus-version"] == "1.0.0")
    #expect(capabilities.fields["tus-max-size"] == "4000000")
    #expect(capabilities.fields["tus-extension"] == "creation,checksum,termination,expiration")
    #expect(capabilities.fields["access-control-allow-origin"] == nil)
  }

  @Test("a file that is being sent is not taken over by another of the same bytes")
  func sameBytes() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    // Neither before its first byte, nor in the middle.
    let paths = try ["a", "b", "a"].map { try alice.begin($0, Self.bytes).path }
    for path in paths {
      #expect(try alice.patch(path, at: 0, Self.bytes[..<10]).status == 204)
    }
    for path in paths {
      #expect(try alice.patch(path, at: 10, Self.bytes[10...]).status == 204)
    }
  }

  @Test("what was sent does not count among the uploads that a session may have")
  func manyFiles() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    for number in 0..<70 {
      let (path, _) = try alice.begin("\(number)", [UInt8(number)])
      #expect(try alice.patch(path, at: 0, [UInt8(number)]).status == 204)
    }
  }

  @Test("a session has so many uploads, whose token is worth nothing once it has left")
  func limits() throws {
    let server = try TestServer("--rate", "0")
    let alice = try Sender(server)
    let name = Sender.metadata(["filename": "a"])
    var paths: [String] = []
    for _ in 0..<65 {
      paths.append(try alice.begin("a", [1, 2], isSummed: false).path)
    }
    // The first made way, since nobody had sent anything of it.
    for (number, path) in paths.enumerated() {
      let status = try alice.patch(path, at: 0, [1]).status
      #expect(status == (number > 0 ? 204 : 404), "\(number)")
    }
    #expect(try alice.request("POST", "/files", ["Upload-Length: 1", name]).status == 503)
    try alice.socket.send("exit\n")
    while let line = try alice.socket.line(), line != "Bye!" {}
    #expect(try alice.request("POST", "/files", ["Upload-Length: 1", name]).status == 401)
  }

  @Test("tuspy uploads, is interrupted, and goes on")
  func tuspy() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let tools = "\(root.path)/.build/python"
    guard FileManager.default.fileExists(atPath: "\(tools)/tusclient") else {
      print("LEFT OUT: tuspy is not in \(tools); `make test` installs it from PyPI")
      return
    }
    let server = try TestServer("--rate", "0")
    let (alice, bob) = (try Sender(server), try server.join("bob"))
    let folder = try TestFolder()
    let path = "\(folder.path)/film.mkv"
    try Data(Self.bytes).write(to: URL(fileURLWithPath: path))
    let python = try Program(
      "env",
      [
        "PYTHONPATH=\(tools)", "/usr/bin/python3",
        "\(root.path)/Tests/OtherPrograms/tus_upload.py", "\(alice.origin)/files", alice.token,
        path,
        FileScript.sha256(Self.bytes[...]),
      ])
    #expect(try python.rest() == "1500000\n")
    #expect(try python.exitCode() == 0, "\(python.errors)")
    try bob.expect("alice sent film.mkv (3.0 MB)")
  }
}
