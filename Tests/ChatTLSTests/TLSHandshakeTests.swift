import ChatSystem
import ChatTLS
import Foundation
import TestKit
import Testing

@Suite("TLS handshakes", .timeLimit(.minutes(2)))
struct TLSHandshakeTests {
  /// Has a server shake hands with a client that sends bytes, and then nothing, or its end.
  ///
  /// - Returns: why that failed.
  private static func failure(
    _ bytes: [UInt8], ends: Bool, within limit: Duration = .milliseconds(300)
  ) throws -> TLSError? {
    let pair = try SocketPair()
    try pair.client.sendAll(bytes.span)
    if ends { pair.client.shutdownWriting() }
    let identity = try TLSPair.identity.get()
    do throws(TLSError) {
      _ = try TLSTransport.accept(pair.server, as: identity, until: .now + limit)
      return nil
    } catch { return error }
  }

  /// The first bytes of a real client.
  private static func clientHello() throws -> [UInt8] {
    let pair = try SocketPair()
    let trust = try TLSTrust()
    let client = Pending<Bool>.start {
      _ = try? TLSTransport.connect(
        pair.client, to: "localhost", trusting: trust, until: .now + .seconds(5))
      return true
    }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = try pair.server.receive(into: &buffer)
    pair.server.shutdownBoth()
    #expect(try client.wait())
    return Array(buffer.prefix(count))
  }

  @Test("cut at every byte, then the end: the server says that the peer went away")
  func cut() throws {
    let hello = try Self.clientHello()
    #expect(hello.starts(with: [0x16, 0x03]) && hello.count > 100)
    for count in hello.indices {
      let failure = try #require(try Self.failure(Array(hello.prefix(count)), ends: true))
      #expect(failure.kind == .handshake && failure.description == "the peer went away")
    }
  }

  @Test("half of it and silence: the time is over")
  func silence() throws {
    let hello = try Self.clientHello()
    for count in [0, 1, 5, hello.count / 2, hello.count - 1] {
      let failure = try #require(try Self.failure(Array(hello.prefix(count)), ends: false))
      #expect(failure.description == "the peer has not finished its handshake in time")
    }
  }

  @Test(
    "what is no TLS is told apart",
    arguments: [
      "GET / HTTP/1.1\r\n\r\n", "alice\nhello everyone\n", "\u{16}\u{03}nonsense that is long",
    ])
  func plain(_ text: String) throws {
    let failure = try #require(try Self.failure(Array(text.utf8), ends: true))
    #expect(failure.kind == .handshake)
    #expect(!failure.description.contains("\n"))
  }

  @Test(
    "openssl s_client: TLS 1.3 and the talk's protocol are taken, what is older is not",
    arguments: [
      (["-tls1_3"], true), (["-tls1_2"], false), (["-tls1_1"], false),
      (["-alpn", "chat"], true), (["-alpn", "http/1.1"], true), (["-alpn", "h2,http/1.1"], true),
      (["-alpn", "h2"], false), (["-early_data", "/dev/null"], true),
    ])
  func versions(_ flags: [String], _ isTaken: Bool) throws {
    Process.ignoreBrokenPipes()
    let listener = try Listener(on: Address(host: "127.0.0.1", port: 0))
    let client = try Program(
      "openssl", ["s_client", "-connect", "127.0.0.1:\(listener.address.port)"] + flags)
    let (socket, _) = try #require(try listener.accept())
    let made = Result {
      try TLSTransport.accept(socket, as: TLSPair.identity.get(), until: .now + .seconds(10))
    }
    #expect(((try? made.get()) != nil) == isTaken)
    if let transport = try? made.get() {
      let wanted = flags.contains("chat") ? "chat" : flags.contains("-alpn") ? "http/1.1" : nil
      #expect(transport.agreedProtocol == wanted)
    }
    socket.shutdownBoth()
    _ = try client.exitCode()
  }

  @Test("a client that trusts nobody learns the key's fingerprint, and that nothing vouches for it")
  func doubt() throws {
    let pair = try TLSPair()
    #expect(pair.verdict.fingerprint == (try TLSPair.identity.get()).fingerprint)
    #expect(pair.verdict.doubt != nil)
  }

  @Test("a client that trusts the certificate has no doubt, unless the host is another")
  func trusted() throws {
    let folder = try TestFolder()
    let path = FilePath(Array(folder.path.utf8))
    let identity = try OwnCertificate(
      in: path, names: ["chat.test"], addresses: ["127.0.0.1"]
    ).identity
    let trust = try TLSTrust(authorities: path.appending(OwnCertificate.certificateName))
    for host in ["127.0.0.1", "chat.test"] {
      #expect(try TLSPair(identity, trust: trust, host: host).verdict.doubt == nil)
    }
    for host in ["127.0.0.2", "other.test"] {
      #expect(try TLSPair(identity, trust: trust, host: host).verdict.doubt != nil)
    }
  }

  @Test("a server that speaks no TLS, or ends at once: no connection, and one line says why")
  func strangers() throws {
    for text in ["", "NICK\n", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
      let pair = try SocketPair()
      try pair.server.sendAll(Array(text.utf8))
      pair.server.shutdownWriting()
      let trust = try TLSTrust()
      #expect {
        _ = try TLSTransport.connect(
          pair.client, to: "127.0.0.1", trusting: trust, until: .now + .seconds(5))
      } throws: {
        guard let error = $0 as? TLSError else { return false }
        return error.kind == .handshake && !"\(error)".contains("\n")
          && error.plainText == Array(text.utf8)
      }
    }
  }
}
