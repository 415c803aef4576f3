internal import ChatHTTP

/// Tells from a connection's first bytes what is spoken over it. Pure.
///
/// Who speaks first and is no other protocol is served at once: bytes that can't become a request line any more are the
/// talk, without any wait.
package enum ProtocolDetector {
  /// How many of the first bytes are looked at.
  package static let windowBytes = 2_048

  /// What a connection speaks.
  package enum Finding: Sendable, Equatable {
    /// TLS: a record of the handshake has begun.
    case tls
    /// HTTP/1.x, or what is meant as it.
    case http
    /// The talk.
    case talk
    /// Another protocol, by its name in the log.
    case foreign(String)
    /// It can't be told yet. Once nothing more comes in time, it is the talk.
    case needMore
  }

  private static let carriageReturn = UInt8(ascii: "\r")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")

  /// How well-known protocols begin that are neither nicknames nor lines of the talk.
  private static let foreignPrefixes: [(name: String, bytes: [UInt8])] = [
    // RFC 9113, section 3.4.
    ("HTTP/2", Array("PRI * HTTP/2.0\r\n".utf8)),
    // HAProxy's PROXY protocol, versions 1 and 2.
    ("PROXY", Array("PROXY TCP4 ".utf8)), ("PROXY", Array("PROXY TCP6 ".utf8)),
    ("PROXY", Array("PROXY UNKNOWN".utf8)),
    (
      "PROXY", [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    ),
    // RFC 4253, section 4.2.
    ("SSH", Array("SSH-2.0-".utf8)), ("SSH", Array("SSH-1.".utf8)),
    // TPKT (RFC 1006), then an X.224 connection request: RDP.
    ("RDP", [0x03, 0x00]),
    // The length of a NetBIOS session message (MS-SMB2, section 2.1), or of a message of PostgreSQL.
    ("SMB or PostgreSQL", [0x00, 0x00]),
    // RFC 1928.
    ("SOCKS", [0x05, 0x01]), ("SOCKS", [0x05, 0x02]), ("SOCKS", [0x04, 0x01]),
    ("BitTorrent", [0x13] + Array("BitTorrent protocol".utf8)),
  ]
  /// Protocols whose first line is like that of HTTP, by its last word.
  private static let foreignVersions: [(name: String, bytes: [UInt8])] = [
    ("RTSP", Array(" RTSP/1.0".utf8)), ("SIP", Array(" SIP/2.0".utf8)),
  ]

  /// Looks at the bytes that have come so far: all of them, or the first `windowBytes`.
  package static func finding(in bytes: Span<UInt8>) -> Finding {
    guard !bytes.isEmpty else { return .needMore }
    if begins(bytes, with: [0x16, 0x03]) { return bytes.count >= 2 ? .tls : .needMore }
    var mayBeForeign = false
    for (name, prefix) in foreignPrefixes where begins(bytes, with: prefix) {
      if bytes.count >= prefix.count { return .foreign(name) }
      mayBeForeign = true
    }
    let finding = findingOfLine(bytes)
    return finding == .talk && mayBeForeign ? .needMore : finding
  }

  /// Looks at the first line. One empty line before it is HTTP's custom (RFC 9112, section 2.2).
  private static func findingOfLine(_ bytes: Span<UInt8>) -> Finding {
    var start = 0
    if begins(bytes, with: [carriageReturn, lineFeed]) { start = min(2, bytes.count) }
    let rest = bytes.extracting(start..<bytes.count)
    guard let end = rest.indices.first(where: { rest[$0] == lineFeed }) else {
      guard RequestLine.mayBegin(with: rest) else { return .talk }
      guard bytes.count >= windowBytes else { return .needMore }
      return hasTarget(rest) ? .http : .talk
    }
    var line = rest.extracting(0..<end)
    if end > 0, line[end - 1] == carriageReturn { line = line.extracting(0..<(end - 1)) }
    if RequestLine.isMeant(by: line) { return .http }
    for (name, ending) in foreignVersions
    where line.count > ending.count
      && begins(line.extracting((line.count - ending.count)..<line.count), with: ending)
    {
      return .foreign(name)
    }
    return .talk
  }

  /// Whether both agree as far as both go.
  private static func begins(_ bytes: Span<UInt8>, with prefix: [UInt8]) -> Bool {
    bytes.indices.prefix(prefix.count).allSatisfy { bytes[$0] == prefix[$0] }
  }

  /// Whether a line that is longer than the window has a target behind its first word: nothing else is so long.
  private static func hasTarget(_ line: Span<UInt8>) -> Bool {
    guard let space = line.indices.first(where: { line[$0] == space }), space > 0 else {
      return false
    }
    let target = line.extracting((space + 1)..<line.count)
    return target.count > 8 && target[0] == UInt8(ascii: "/")
      || begins(target, with: Array("http://".utf8))
      || begins(target, with: Array("https://".utf8))
  }
}
