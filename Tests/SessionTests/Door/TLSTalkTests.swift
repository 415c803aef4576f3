import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

/// The talk over TLS.
@Suite("The talk over TLS", .timeLimit(.minutes(3)))
struct TLSTalkTests {
  /// A client over TLS.
  ///
  /// Thread: one receives, one sends.
  private final class Client: Sendable {
    let transport: TLSTransport
    let fingerprint: String

    init(_ server: TestServer, host: String = "127.0.0.1") throws {
      ChatSystem.Process.ignoreBrokenPipes()
      let socket = try TCPTransport.connect(to: Address(host: host, port: server.port))
      let verdict: TLSTrust.Verdict
      (transport, verdict) = try TLSTransport.connect(
        socket, to: host, trusting: TLSTrust(), until: .now + .seconds(30))
      fingerprint = verdict.fingerprint.description
    }

    func send(_ text: String) throws { try transport.sendAll(Array(text.utf8).span) }

    /// Receives until a line has come, or the end.
    ///
    /// - Returns: all lines.
    func lines(upTo last: String? = nil) throws -> [String] {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let ending = last.map { Array("\($0)\n".utf8) }
      while true {
        guard try transport.waitUntilReadable(for: .seconds(60)) else {
          throw Failure("nothing came for a minute")
        }
        guard case .bytes(let count) = try transport.receiveIfReady(into: &buffer) else {
          if transport.socket.isBroken || bytes.isEmpty && last == nil { break }
          if try transport.receive(into: &buffer) == 0 { break }
          continue
        }
        bytes += buffer.prefix(count)
        if let ending, bytes.suffix(ending.count).elementsEqual(ending) { break }
      }
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
    }
  }

  @Test(
    "50 clients talk at once, in both directions: everyone has the same lines in the same order")
  func fifty() throws {
    let server = try TestServer("--rate", "0", "--log-level", "warning", "--greet-after", "3000")
    let (people, count) = (50, 40)
    let clients = try (0..<people).map { number in
      let client = try Client(server)
      try client.send("u\(number)\n")
      _ = try client.lines(upTo: "Connected to server!")
      return client
    }
    let heard = Guarded<[[String]]>([])
    let failures = Guarded<[String]>([])
    for (number, client) in clients.enumerated() {
      Thread {
        do {
          for index in 0..<count { try client.send("text \(index) of \(number)\n") }
          // Whoever has said all says so; the last of them is everyone's last line.
          try client.send("done\n")
        } catch { failures.withLock { $0.append("\(error)") } }
      }.start()
      Thread {
        do {
          var lines: [String] = []
          var buffer = [UInt8](repeating: 0, count: 65_536)
          var rest: [UInt8] = []
          var done = 0
          while done < people {
            let received = try client.transport.receive(into: &buffer)
            guard received > 0 else { throw Failure("the end") }
            rest += buffer.prefix(received)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
              let line = String(decoding: rest[..<end], as: UTF8.self)
              rest.removeSubrange(...end)
              if line.hasSuffix(" joined!") { continue }
              if line.hasSuffix(": done") { done += 1 }
              lines.append(line)
            }
          }
          heard.withLock { $0.append(lines) }
        } catch { failures.withLock { $0.append("\(error)") } }
        heard.wake()
      }.start()
    }
    let all = heard.wait(until: .now + .seconds(120)) { $0.count == people ? $0 : nil } ?? []
    #expect(failures.withLock { $0 } == [])
    #expect(all.count == people)
    let first = try #require(all.first)
    #expect(first.count == people * (count + 1))
    #expect(Set(first).count == first.count)
    for lines in all { #expect(lines == first) }
    // Nobody leaves before all have heard the last line.
    withExtendedLifetime(clients) {}
  }

  @Test("who is still writing when the server ends gets its last line")
  func lastLine() throws {
    let server = try TestServer("--rate", "0", "--log-level", "warning", "--greet-after", "3000")
    let client = try Client(server)
    try client.send("alice\n")
    _ = try client.lines(upTo: "Connected to server!")
    let writer = Guarded(false)
    Thread {
      // Until the connection is gone.
      while (try? client.send("and another thing\n")) != nil {}
      writer.withLock { $0 = true }
      writer.wake()
    }.start()
    Thread.sleep(forTimeInterval: 0.2)
    server.program.signal(SIGTERM)
    let lines = try client.lines(upTo: "[ERROR]:the server is shutting down\tcode=shutting-down")
    #expect(lines.last == "[ERROR]:the server is shutting down\tcode=shutting-down")
    client.transport.shutdownBoth()
    #expect(writer.wait(until: .now + .seconds(30)) { $0 ? true : nil } == true)
    #expect(try server.program.exitCode() == 0)
  }

  // MARK: Certificates

  private static func makeCertificate(in folder: TestFolder, _ name: String) throws {
    let openssl = try Program(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        "\(folder.path)/key.pem", "-out", "\(folder.path)/cert.pem", "-days", "30", "-subj",
        "/CN=\(name)",
      ])
    #expect(try openssl.exitCode() == 0)
  }

  @Test("the server's key stays from start to start; whoever starts it is told its fingerprint")
  func ownKey() throws {
    let data = try TestFolder()
    var fingerprints: Set<String> = []
    for _ in 0..<2 {
      let server = try TestServer("--greet-after", "3000", data: data)
      let fingerprint = try Client(server).fingerprint
      #expect(server.program.errors.contains("Key:   \(fingerprint)\n"))
      fingerprints.insert(fingerprint)
      server.program.signal(SIGTERM)
      #expect(try server.program.exitCode() == 0)
    }
    #expect(fingerprints.count == 1)
  }

  @Test(
    "SIGHUP: who comes is shown the new certificate, who is there stays; a bad one changes nothing")
  func reload() throws {
    let folder = try TestFolder()
    try Self.makeCertificate(in: folder, "one")
    let server = try TestServer(
      "--greet-after", "3000", "--tls-cert", "\(folder.path)/cert.pem", "--tls-key",
      "\(folder.path)/key.pem")
    let alice = try Client(server)
    try alice.send("alice\n")
    _ = try alice.lines(upTo: "Connected to server!")
    try Self.makeCertificate(in: folder, "two")
    #expect(try Client(server).fingerprint == alice.fingerprint)
    server.program.signal(SIGHUP)
    try eventually("it is read") { server.program.errors.contains("was read again") }
    let next = try Client(server).fingerprint
    #expect(next != alice.fingerprint)
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/key.pem"))
    server.program.signal(SIGHUP)
    try eventually("it is refused") { server.program.errors.contains("is as before") }
    #expect(try Client(server).fingerprint == next)
    try alice.send("still here\n")
    _ = try alice.lines(upTo: "alice: still here")
  }

  @Test(
    "a certificate that can't be used: one clear line, and exit status 1 or 2",
    arguments: [
      (["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"], "/nowhere/", 1),
      (["--tls-cert", "/dev/null"], "belong together", 2),
    ])
  func unusable(_ flags: [String], _ words: String, _ code: Int32) throws {
    let folder = try TestFolder()
    let server = try Program("chat-server", ["--port", "0", "--data", folder.path] + flags)
    #expect(try server.exitCode() == code)
    #expect(server.errors.contains(words))
    #expect(server.errors.split(separator: "\n").count == 1, "\(server.errors)")
  }

  // MARK: Other machines

  /// An address of this machine by which it is another one to the server; `nil`, and says so, if there is none.
  private static func otherAddress() -> String? {
    let address = Address.ofThisMachine(port: 1).first { !$0.host.contains(":") }?.host
    if address == nil { print("Not run: this machine has no address but loopback") }
    return address
  }

  @Test("with TLS alone for other machines: plain talk is told how to come, a request is sent on")
  func tlsOnly() throws {
    guard let host = Self.otherAddress() else { return }
    let server = try TestServer(
      "--host", "127.0.0.1", "--host", host, "--tls-only", "--greet-after", "1000")
    let plain = try Program("sh", ["-c", "nc \(host) \(server.port) < /dev/null"])
    #expect(try plain.rest().contains("code=tls-required"))
    let moved = try Program("curl", ["-sSi", "http://\(host):\(server.port)/healthz?x=1"])
    let answer = try moved.rest()
    #expect(answer.hasPrefix("HTTP/1.1 308 "))
    #expect(answer.contains("\r\nLocation: https://\(host):\(server.port)/healthz?x=1\r\n"))
    let followed = try Program(
      "curl",
      ["-sSkL", "http://\(host):\(server.port)/healthz"])
    #expect(try followed.rest() == "ok\n")
    let client = try Client(server, host: host)
    try client.send("alice\n")
    _ = try client.lines(upTo: "Connected to server!")
    // This machine's own programs come as they like.
    _ = try server.join("bob")
  }

  @Test("one address of another machine has so many connections; this machine's own have no limit")
  func perAddress() throws {
    guard let host = Self.otherAddress() else { return }
    let server = try TestServer(
      "--host", "127.0.0.1", "--host", host, "--max-per-address", "3")
    var connections: [TCPTransport] = []
    for _ in 0..<3 {
      connections.append(try TCPTransport.connect(to: Address(host: host, port: server.port)))
    }
    let refused = try Program("sh", ["-c", "nc \(host) \(server.port) < /dev/null"])
    #expect(try refused.rest().contains("code=too-many-connections"))
    var own: [TestSocket] = []
    for _ in 0..<10 {
      own.append(try server.connect())
      try own.last?.expect("NICK")
    }
    connections.removeLast()
    try eventually("there is a place again") {
      let next = try Program("sh", ["-c", "sleep 0.3 | nc -N \(host) \(server.port)"])
      return try next.rest().hasPrefix("NICK")
    }
  }
}
