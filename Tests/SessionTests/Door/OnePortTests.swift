import Foundation
import TestKit
import Testing

/// The talk, TLS and HTTP at one address.
@Suite("One port", .timeLimit(.minutes(3)))
struct OnePortTests {
  /// Somebody who talks with a program that connects, and reads what it prints.
  private final class Speaker {
    let name: String
    let program: Program

    init(_ name: String, _ command: String, _ arguments: [String]) throws {
      self.name = name
      program = try Program(command, arguments)
    }

    /// Has somebody come in.
    static func joined(_ name: String, _ command: String, _ arguments: [String]) throws -> Speaker {
      let speaker = try Speaker(name, command, arguments)
      if command != "chat-client" {
        try speaker.expect("NICK")
        try speaker.program.type("\(name)\n")
      }
      try speaker.expect("\(name) joined!")
      return speaker
    }

    /// Waits for a line that ends like this.
    func expect(_ ending: String) throws {
      while let line = try program.line() {
        if line.trimmingCharacters(in: .whitespaces).hasSuffix(ending) { return }
      }
      throw Failure("\(name): no '\(ending)': \(program.errors)")
    }
  }

  @Test("nc, chat-client, openssl over TLS, curl, curl -k and wget, all at the same time")
  func everyone() throws {
    let server = try TestServer("--greet-after", "1000")
    let speakers = try [
      Speaker.joined("nina", "nc", ["127.0.0.1", "\(server.port)"]),
      Speaker.joined("clara", "chat-client", ["--nick", "clara", server.address]),
      Speaker.joined("tilda", "openssl", ["s_client", "-quiet", "-connect", server.address]),
      Speaker.joined(
        "alpha", "openssl",
        [
          "s_client", "-quiet", "-alpn", "chat", "-servername", "localhost", "-connect",
          server.address,
        ]),
    ]
    let web = try (0..<5).flatMap { _ in
      try [
        Program("curl", ["-sS", "http://\(server.address)/healthz"]),
        Program(
          "curl",
          ["-sSk", "https://\(server.address)/healthz"]),
        Program(
          "curl",
          [
            "-sSk", "--http1.0",
            "https://\(server.address)/healthz",
          ]),
        Program("wget", ["-qO-", "http://\(server.address)/healthz"]),
        Program(
          "wget",
          ["-qO-", "--no-check-certificate", "https://\(server.address)/healthz"]),
      ]
    }
    for speaker in speakers { try speaker.program.type("hello from \(speaker.name)\n") }
    for program in web {
      #expect(try program.rest() == "ok\n")
      #expect(try program.exitCode() == 0, "\(program.errors)")
    }
    for listener in speakers {
      // In whatever order they came, everyone has all of them once the last is there.
      var missing = Set(speakers.map { "\($0.name): hello from \($0.name)" })
      while !missing.isEmpty, let line = try listener.program.line() {
        missing.remove(line.trimmingCharacters(in: .whitespaces))
      }
      #expect(missing.isEmpty, "\(listener.name)")
    }
    for speaker in speakers {
      try speaker.program.type("exit\n")
      try speaker.program.endInput()
      _ = try speaker.program.rest()
      #expect(try speaker.program.exitCode() == 0)
    }
  }

  @Test("a browser's page, encrypted or not")
  func page() throws {
    let server = try TestServer("--greet-after", "1000")
    for scheme in ["http", "https"] {
      let curl = try Program(
        "curl",
        ["-sSki", "\(scheme)://localhost:\(server.port)/"])
      let answer = try curl.rest()
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(curl.errors)")
      #expect(answer.contains("<title>Chat</title>"))
    }
  }

  @Test("nmap finds TLS 1.3 alone, and nothing weak")
  func nmap() throws {
    let server = try TestServer("--log-level", "error", "--greet-after", "1000")
    let scan = try Program(
      "nmap", ["-Pn", "--script", "ssl-enum-ciphers", "-p", "\(server.port)", "127.0.0.1"])
    let report = try scan.rest()
    #expect(report.contains("TLSv1.3:"), "\(report)")
    for version in ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"] { #expect(!report.contains(version)) }
    #expect(report.contains("least strength: A"), "\(report)")
  }

  @Test("sslyze finds TLS 1.3 alone, and nothing weak but that nobody vouches for the certificate")
  func sslyze() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let tools = "\(root.path)/.build/python"
    guard FileManager.default.fileExists(atPath: "\(tools)/sslyze") else {
      print("LEFT OUT: sslyze is not in \(tools); `make test` installs it from PyPI")
      return
    }
    let server = try TestServer("--log-level", "error", "--greet-after", "1000")
    let scan = try Program(
      "env",
      [
        "PYTHONPATH=\(tools)", "/usr/bin/python3", "-m", "sslyze",
        "--mozilla_config=intermediate", server.address,
      ])
    let report = try scan.rest(within: 120)
    let accepted = report.components(separatedBy: "accepted the following").count - 1
    #expect(accepted == 1 && report.contains("TLS 1.3 Cipher Suites:"), "\(report)")
    #expect(report.contains("SCANS COMPLETED") && !report.contains("Error when running"))
    #expect(!report.contains("VULNERABLE - "), "\(report)")
    let complaints = report.split(separator: "\n").filter { $0.hasPrefix("        * ") }
    #expect(complaints.count == 1, "\(complaints)")
    #expect(complaints.first?.contains("certificate_path_validation") == true)
  }

  /// A request over TLS without ALPN, whose record comes in two pieces.
  private static let inPieces = """
    import socket, ssl, sys, time
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl._create_unverified_context().wrap_bio(came, sent)
    def shaken():
        try: tls.do_handshake()
        except ssl.SSLWantReadError: return False
        finally: s.sendall(sent.read())
        return True
    while not shaken(): came.write(s.recv(65536))
    tls.write(b"GET /healthz HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
    record = sent.read()
    s.sendall(record[:20])
    time.sleep(0.1)
    s.sendall(record[20:])
    answer = b""
    while not answer.endswith((b"ok\\n", b"NICK\\n")):
        came.write(s.recv(65536))
        try: answer += tls.read()
        except ssl.SSLWantReadError: pass
    print(answer.decode().split("\\r\\n")[0])
    """

  @Test("a request over TLS without ALPN is one even if its record comes in pieces")
  func recordInPieces() throws {
    let server = try TestServer("--greet-after", "3000")
    let python = try Program("python3", ["-c", Self.inPieces, "\(server.port)"])
    #expect(try python.rest() == "HTTP/1.1 200 OK\n", "\(python.errors)")
  }

  @Test("600 handshakes that were begun and go no further keep nobody out")
  func halfHandshakes() throws {
    let server = try TestServer("--greet-after", "1000", "--log-level", "error")
    // The beginning of a ClientHello of 512 bytes.
    let half: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 89)
    let stalled = try (0..<600).map { _ in
      let socket = try server.connect()
      try socket.send(bytes: half)
      return socket
    }
    let start = Date.now
    let curl = try Program("curl", ["-sSk", "https://\(server.address)/healthz"])
    #expect(try curl.rest() == "ok\n", "\(curl.errors)")
    // They would give up after ten.
    #expect(Date.now.timeIntervalSince(start) < 8)
    withExtendedLifetime(stalled) {}
  }

  @Test("without HTTP, a request ends with one line in the log, and the talk goes on")
  func withoutHTTP() throws {
    let server = try TestServer("--no-http", "--greet-after", "1000")
    let alice = try server.join("alice")
    let request = try server.connect()
    try request.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    // Its request was not read, so the end is a reset.
    #expect((try? request.line()) ?? nil == nil)
    #expect(server.program.errors.components(separatedBy: "it speaks HTTP").count == 2)
    try alice.send("hello\n")
    try alice.expect("alice: hello")
  }

  @Test(
    "other protocols end with one line in the log, without an answer",
    arguments: [
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
      ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nalice\n", "PROXY"), ("SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
      ("\u{03}\u{00}\u{00}\u{13}\u{0E}", "RDP"), ("\u{05}\u{01}\u{00}", "SOCKS"),
    ])
  func foreign(_ bytes: String, _ name: String) throws {
    let server = try TestServer("--greet-after", "1000")
    let alice = try server.join("alice")
    let stranger = try server.connect()
    try stranger.send(bytes)
    #expect((try? stranger.line()) ?? nil == nil)
    try eventually("it is in the log") { server.program.errors.contains("it speaks \(name)") }
    try alice.expectNothing()
  }

  @Test("a request that comes in pieces is one, and so is one after a silence that was too long")
  func pieces() throws {
    let server = try TestServer("--greet-after", "1000")
    let quick = try server.connect()
    for piece in ["GE", "T /hea", "lthz HT", "TP/1.1\r", "\nHost: x\r\n\r\n"] {
      try quick.send(piece)
    }
    #expect(try quick.line() == "HTTP/1.1 200 OK\r")
    let alice = try server.join("alice")
    // It is greeted as anyone who says nothing, and then ends.
    let late = try server.connect()
    try late.expect("NICK")
    try late.send("POST /say HTTP/1.1\r\nHost: x\r\n\r\nmallory\nspam\n")
    _ = try late.line()
    try alice.expectNothing()
    try alice.send("hello\n")
    try alice.expect("alice: hello")
  }
}
