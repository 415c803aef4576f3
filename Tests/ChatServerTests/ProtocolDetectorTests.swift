import ChatServer
import Testing

@Suite("ProtocolDetector")
struct ProtocolDetectorTests {
  private static func finding(_ bytes: [UInt8]) -> ProtocolDetector.Finding {
    ProtocolDetector.finding(in: bytes.span)
  }

  private static func finding(_ text: String) -> ProtocolDetector.Finding {
    finding(Array(text.utf8))
  }

  @Test(
    "those who speak first and can be nothing else are the talk at once",
    arguments: [
      "[", "[HELLO]:1\n", "alice\n", "alice\r\n", "\n", "a: b", "alice bob\n", "GET\n", "GET /\n",
      "GET / HTTP/1.1x\n", "/ HTTP/1.1\n", " GET / HTTP/1.1\n", "élodie",
      "\u{FEFF}bob",
      "GET / HTTP/1\n", "GET / http/1.1\n", "[FILE]:a HTTP/1.1\n", "\r\n\r\nGET / HTTP/1.1\r\n",
      "SSH\n", "SSH-fan\n", "PROXY\n", "PROXY me\n", "\u{1B}[A",
      "abcdefghijklmnopqrstuvwxyzabcdefghi",
    ])
  func talk(_ text: String) { #expect(Self.finding(text) == .talk) }

  @Test("telnet's negotiation and bytes that are no text are the talk")
  func telnet() {
    #expect(Self.finding([0xFF, 0xFB, 0x01]) == .talk)
    #expect(Self.finding([0x80]) == .talk)
  }

  @Test(
    "a request line is HTTP as soon as it is complete",
    arguments: [
      "GET / HTTP/1.1\r\n", "GET / HTTP/1.0\r\nHost: a", "GET / HTTP/1.1\n",
      "M-SEARCH * HTTP/1.1\r\n",
      "\r\nGET / HTTP/1.1\r\n", "GET /a b HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "get / HTTP/1.1\r\n",
      "CONNECT a:80 HTTP/1.1\r\n", "GET  /  HTTP/1.1\r\n", "GET  HTTP/1.1\n",
    ])
  func http(_ text: String) {
    #expect(Self.finding(text) == .http)
    // Before its end, it can't be told.
    let bytes = Array(text.utf8)
    let end = bytes.dropFirst(2).firstIndex(of: 0x0A) ?? bytes.count
    for count in 0..<end {
      #expect(Self.finding(Array(bytes[..<count])) == .needMore, "\(count)")
    }
  }

  @Test("a target that is longer than what is looked at is one")
  func longTarget() {
    let long = String(repeating: "x", count: ProtocolDetector.windowBytes)
    #expect(Self.finding(Array("POST /\(long)".utf8.prefix(ProtocolDetector.windowBytes))) == .http)
    #expect(Self.finding("GET http://\(long)") == .http)
    #expect(Self.finding("GET \(long)") == .talk)
    #expect(Self.finding("GET \(long) HTTP/1.1\r\n") == .http)
    #expect(Self.finding("POST /\(long.dropLast(7))") == .needMore)
  }

  @Test("TLS is a record of the handshake")
  func tls() {
    #expect(Self.finding([0x16]) == .needMore)
    #expect(Self.finding([0x16, 0x03]) == .tls)
    #expect(Self.finding([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) == .tls)
    #expect(Self.finding([0x16, 0x02]) == .talk)
    #expect(Self.finding([0x15, 0x03]) == .talk)
  }

  @Test(
    "other protocols are named",
    arguments: [
      (Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), "HTTP/2"),
      (Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8), "PROXY"),
      (Array("PROXY UNKNOWN\r\n".utf8), "PROXY"),
      (
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11],
        "PROXY"
      ),
      (Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), "SSH"),
      ([0x03, 0x00, 0x00, 0x13, 0x0E, 0xE0], "RDP"),
      ([0x00, 0x00, 0x00, 0xA4, 0xFF, 0x53, 0x4D, 0x42], "SMB or PostgreSQL"),
      ([0x05, 0x01, 0x00], "SOCKS"), ([0x04, 0x01, 0x00, 0x50], "SOCKS"),
      (Array("OPTIONS rtsp://a/b RTSP/1.0\r\n".utf8), "RTSP"),
      (Array("OPTIONS sip:nm SIP/2.0\r\n".utf8), "SIP"),
      ([0x13] + Array("BitTorrent protocol".utf8), "BitTorrent"),
    ] as [([UInt8], String)])
  func foreign(_ bytes: [UInt8], _ name: String) {
    #expect(Self.finding(bytes) == .foreign(name))
    // No part of its beginning is taken for something else.
    for count in 0..<bytes.count {
      let finding = Self.finding(Array(bytes[..<count]))
      #expect(finding == .needMore || finding == .foreign(name), "\(count)")
    }
  }

  @Test("nothing is told of nothing")
  func nothing() { #expect(Self.finding([]) == .needMore) }
}
