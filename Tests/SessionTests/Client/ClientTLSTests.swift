import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

/// The client over TLS, and whose keys it trusts.
@Suite("The client and TLS", .timeLimit(.minutes(3)))
struct ClientTLSTests {
  /// A server's fingerprint, as it says it itself.
  private static func fingerprint(_ server: TestServer) throws -> String {
    try eventually("the server says its fingerprint") { server.program.errors.contains("Key:   ") }
    let rest = server.program.errors.components(separatedBy: "Key:   ").dropFirst().first ?? ""
    return String(rest.prefix { $0 != "\n" })
  }

  /// Starts a client without a terminal, which says one line and leaves.
  private static func say(
    _ text: String, _ arguments: [String], state: TestFolder? = nil
  ) throws -> Program {
    let folder = try state?.path ?? TestFolder().path
    let client = try Program(
      "env",
      ["XDG_STATE_HOME=\(folder)", Program.path(of: "chat-client"), "--nick", "alice"] + arguments)
    // One that is refused may have ended by now.
    try? client.type("\(text)\n")
    try? client.endInput()
    return client
  }

  private static func hear(_ client: Program) throws -> (text: String, code: Int32) {
    (try client.rest(), try client.exitCode())
  }

  /// An address of this machine by which it is another one; `nil`, and says so, if there is none.
  private static func otherAddress() -> String? {
    let address = Address.ofThisMachine(port: 1).first { !$0.host.contains(":") }?.host
    if address == nil { print("Not run: this machine has no address but loopback") }
    return address
  }

  @Test("the right fingerprint, or the right authority: the talk is encrypted")
  func trusted() throws {
    let server = try TestServer("--greet-after", "1000")
    let key = try Self.fingerprint(server)
    for flags in [["--fingerprint", key], ["--tls-ca", "\(server.data.path)/tls-cert.pem"]] {
      let heard = try Self.hear(Self.say("hello", flags + [server.address]))
      #expect(heard.code == 0 && heard.text.hasSuffix("alice: hello\n"))
    }
    let metrics = try Program("curl", ["-sS", "http://\(server.address)/metrics"])
    #expect(try metrics.rest().contains("chat_connections_total{kind=\"talk\",tls=\"true\"} 2"))
  }

  @Test("files travel over TLS in both directions")
  func files() throws {
    let server = try TestServer("--greet-after", "1000")
    let key = try Self.fingerprint(server)
    let folder = try TestFolder()
    let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try bytes.write(to: URL(fileURLWithPath: "\(folder.path)/numbers.bin"))
    let bob = try Program(
      "chat-client",
      ["--nick", "bob", "--fingerprint", key, "--downloads", folder.path, server.address])
    while try bob.line() != "bob joined!" {}
    let alice = try Program(
      "chat-client",
      [
        "--nick", "alice", "--fingerprint", key, "--send", "\(folder.path)/numbers.bin",
        server.address,
      ])
    _ = try alice.rest()
    #expect(try alice.exitCode() == 0)
    while let line = try bob.line(), !line.contains("alice sent numbers.bin") {}
    try bob.endInput()
    _ = try bob.rest()
    #expect(try bob.exitCode() == 0)
    let received = try Data(
      contentsOf: URL(fileURLWithPath: "\(folder.path)/received_numbers.bin"))
    #expect(received == bytes)
  }

  @Test("another key than the one that was given, or no authority that vouches: 77, and why")
  func distrusted() throws {
    let server = try TestServer("--greet-after", "1000")
    let key = try Self.fingerprint(server)
    let wrong = "SHA256:" + String(repeating: "A", count: 43)
    let other = try Self.say("hello", ["--fingerprint", wrong, server.address])
    #expect(try Self.hear(other) == ("", 77))
    #expect(other.errors.contains(key) && other.errors.contains(wrong))
    let foreign = try TestServer("--greet-after", "1000")
    let unvouched = try Self.say(
      "hello", ["--tls-ca", "\(foreign.data.path)/tls-cert.pem", server.address])
    #expect(try Self.hear(unvouched) == ("", 77))
    #expect(unvouched.errors.contains("vouches"))
  }

  @Test(
    "flags that make no sense: 2, and which",
    arguments: [
      (["--fingerprint", "abc"], "--fingerprint"),
      (["--plain", "--fingerprint", "SHA256:" + String(repeating: "A", count: 43)], "--plain"),
      (["--plain", "--tls-ca", "x"], "--plain"),
    ])
  func flags(_ flags: [String], _ word: String) throws {
    let client = try Self.say("hello", flags)
    #expect(try Self.hear(client) == ("", 2))
    #expect(client.errors.contains(word))
  }

  @Test("a file of authorities that can't be read: 77, and its name")
  func missingAuthorities() throws {
    let client = try Self.say(
      "hello", ["--tls-ca", "/nowhere/ca.pem", try TestServer("--greet-after", "1000").address])
    #expect(try Self.hear(client) == ("", 77))
    #expect(client.errors.contains("/nowhere/ca.pem"))
  }

  @Test("a server that speaks no TLS: 69, and never without TLS")
  func noTLS() throws {
    // It greets as a server of the talk alone does, each time.
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    Thread {
      while let (socket, _) = try? listener.accept() {
        try? socket.sendAll(Array("NICK\n".utf8))
        var buffer = [UInt8](repeating: 0, count: 10_000)
        while let count = try? socket.receive(into: &buffer), count > 0 {}
      }
    }.start()
    defer { listener.stop() }
    let client = try Self.say(
      "hello",
      ["--fingerprint", "SHA256:" + String(repeating: "A", count: 43), "\(listener.address)"])
    let heard = try Self.hear(client)
    #expect(heard == ("", 69))
    #expect(client.errors.contains("speaks no TLS"))
  }

  @Test("a server that is full is not taken for one without TLS")
  func full() throws {
    let server = try TestServer("--max-clients", "1", "--greet-after", "1000")
    let key = try Self.fingerprint(server)
    let bob = try server.join("bob")
    let client = try Self.say("hello", ["--fingerprint", key, server.address])
    #expect(try Self.hear(client) == ("", 69))
    // What it says may be lost, because it reads nothing.
    #expect(!client.errors.contains("--plain"), "\(client.errors)")
    try bob.expectNothing()
  }

  @Test(
    "an unknown server: a pipe is refused, a person is asked; a changed key is refused in any case")
  func knownHosts() throws {
    guard let host = Self.otherAddress() else { return }
    let state = try TestFolder()
    let data = try TestFolder()
    let file = "\(state.path)/chat-client/known_hosts"
    let server = try TestServer(
      "--host", "127.0.0.1", "--host", host, "--greet-after", "1000", data: data)
    let key = try Self.fingerprint(server)
    let address = "\(host):\(server.port)"
    let pipe = try Self.say("hello", [address], state: state)
    #expect(try Self.hear(pipe) == ("", 77))
    #expect(pipe.errors.contains("--fingerprint \(key)"))
    for (answer, code) in [("no", 77), ("y", 77), ("", 77)] as [(String, Int32)] {
      let nobody = try Terminal(
        "chat-client", ["--nick", "bob", address], variables: ["XDG_STATE_HOME": state.path])
      _ = try nobody.see("Trust it? [yes/no]")
      try nobody.type("\(answer)\n")
      #expect(try nobody.exitCode() == code)
    }
    #expect(!FileManager.default.fileExists(atPath: file))
    let bob = try Terminal(
      "chat-client", ["--nick", "bob", address], variables: ["XDG_STATE_HOME": state.path])
    _ = try bob.see(String(key.prefix(40)))
    try bob.type("yes\n")
    _ = try bob.see("bob joined!")
    try bob.type("/quit\n")
    #expect(try bob.exitCode() == 0)
    let known = try String(contentsOfFile: file, encoding: .utf8)
    #expect(known.hasPrefix("\(address) \(key) 20"))
    // From now on a pipe gets in, too.
    let again = try Self.say("hello", [address], state: state)
    #expect(try Self.hear(again).code == 0)
    // Another key.
    let changed = known.replacingOccurrences(
      of: key, with: "SHA256:" + String(repeating: "A", count: 43))
    try Data(changed.utf8).write(to: URL(fileURLWithPath: file))
    let refused = try Self.say("hello", [address], state: state)
    #expect(try Self.hear(refused) == ("", 77))
    for word in [key, "SHA256:AAAA", "line 1 of \(file)"] { #expect(refused.errors.contains(word)) }
    let asked = try Terminal(
      "chat-client", ["--nick", "bob", address], variables: ["XDG_STATE_HOME": state.path])
    #expect(try asked.exitCode() == 77)
    // Without TLS it is said.
    let plain = try Self.say("hello", ["--plain", address], state: state)
    #expect(try Self.hear(plain).code == 0)
  }

  @Test("a server over TLS that begins a record and goes no further is given up like a silent one")
  func halfRecord() throws {
    let identity = try OwnCertificate(in: nil, names: ["localhost"], addresses: []).identity
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    let client = try Program(
      "chat-client",
      [
        "--nick", "alice", "--fingerprint", "\(identity.fingerprint)", "\(listener.address)",
      ])
    let accepted = try #require(try listener.accept())
    let server = try TLSTransport.accept(accepted.stream, as: identity, until: .now + .seconds(20))
    // Application data of 16,384 bytes, of which three come.
    try server.socket.sendAll([0x17, 3, 3, 0x40, 0, 1, 2, 3])
    #expect(try client.exitCode(within: 40) == 69)
    #expect(client.errors.contains("no handshake") || client.errors.contains("says nothing"))
  }

  @Test("a lost connection is replaced by one to the same key, and by no other")
  func reconnect() throws {
    let data = try TestFolder()
    var server: TestServer? = try TestServer("--greet-after", "1000", data: data)
    let port = try #require(server?.port)
    let key = try Self.fingerprint(try #require(server))
    let client = try Program(
      "chat-client", ["--nick", "alice", "--fingerprint", key, "127.0.0.1:\(port)"])
    // Whoever is cut off before it is in does not come back.
    try client.type("here\n")
    while let line = try client.line(), line != "alice: here" {}
    server?.program.signal(SIGKILL)
    _ = try server?.program.exitCode()
    server = nil
    server = try TestServer("--greet-after", "1000", data: data, port: port)
    try eventually("it is back", within: .seconds(60)) {
      try client.type("here again\n")
      while let line = try client.line() { if line == "alice: here again" { return true } }
      return false
    }
    server?.program.signal(SIGKILL)
    _ = try server?.program.exitCode()
    server = try TestServer("--greet-after", "1000", port: port)
    #expect(try client.exitCode(within: 60) == 77)
    #expect(client.errors.contains("not \(key)"))
  }
}
