internal import COpenSSL

/// Why there is no TLS: a file that can't be used, or a handshake that failed.
package struct TLSError: Error, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  package enum Kind: Sendable, Equatable {
    /// A certificate, a key or another file can't be used.
    case file
    /// The peer speaks no TLS, or none that is accepted; or it went away, or took too long.
    case handshake
    /// OpenSSL itself failed: it has no memory left, or was built without what was asked for.
    case library
  }

  package let kind: Kind
  /// One line of clean text for a person.
  package let description: String
  /// What the peer said instead, as it is, if that was no TLS and is known.
  package let plainText: [UInt8]

  /// Describes an error.
  init(_ kind: Kind, _ description: String, plainText: [UInt8] = []) {
    (self.kind, self.description, self.plainText) = (kind, description, plainText)
  }

  /// A call into OpenSSL failed, for the oldest reason in the thread's queue, which is emptied.
  init(call: String) { self.init(.library, "\(call): \(Self.takeReason())") }

  /// Takes the oldest reason in the calling thread's error queue (ERR_get_error(3)), in OpenSSL's words, and empties the
  /// queue, so that the next failure is not explained by this one.
  static func takeReason() -> String {
    let code = ERR_get_error()
    defer { ERR_clear_error() }
    guard code != 0 else { return "unknown reason" }
    if let words = ERR_reason_error_string(code) { return String(cString: words) }
    return "error \(code)"
  }

  /// Why a handshake failed, of the oldest reason in the thread's queue.
  static func handshake() -> TLSError {
    let code = ERR_peek_error()
    let reason = takeReason()
    switch copenssl_reason(code) {
    case SSL_R_HTTP_REQUEST, SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG:
      return TLSError(.handshake, "the peer speaks no TLS")
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return TLSError(.handshake, "the peer does not speak TLS 1.3")
    default: return TLSError(.handshake, reason)
    }
  }
}
