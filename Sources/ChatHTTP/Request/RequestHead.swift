/// The head of a request: everything before its body, checked.
package struct RequestHead: Sendable, Equatable {
  /// The method, as it came.
  package let method: String
  package let target: RequestTarget
  package let version: HTTPVersion
  package let fields: HeaderFields
  /// Whom it is for, by its `Host` or its target; `nil` only in HTTP/1.0, which may leave it out.
  package let host: Authority?
  /// How many bytes of body follow.
  package let contentLength: UInt64
  /// The client waits for `100 Continue` before it sends the body.
  package let expectsContinue: Bool
  /// The client wants the connection to go on after the answer (RFC 9112, section 9.3).
  package let keepsAlive: Bool

  /// Checks the fields that say where the request ends and whom it is for.
  ///
  /// - Throws: `RequestRefusal`, as RFC 9110 and 9112 have it. Bodies in chunks are refused.
  init(_ line: RequestLine, _ fields: HeaderFields) throws(RequestRefusal) {
    (method, version, self.fields) = (line.method, line.version, fields)
    let named = try Self.host(fields, line.version)
    target = try RequestTarget(line.target, method: line.method)
    // RFC 9112, section 3.2.2: some would go by the target, and others by the field: so both have to say the same.
    if let authority = target.authority, let named {
      let isEncrypted = HTTPCharacters.lowercased(line.target).hasPrefix("https:")
      guard authority.isSame(as: named, isEncrypted: isEncrypted) else {
        throw RequestRefusal(.badRequest, "the target's host is not that of Host")
      }
    }
    host = named ?? target.authority
    contentLength = try Self.contentLength(fields, line.version)
    expectsContinue = try Self.expectsContinue(fields, line.version)
    let connection = fields.tokens("connection")
    keepsAlive =
      !connection.contains("close")
      && (line.version == .http11 || connection.contains("keep-alive"))
  }

  private static func host(
    _ fields: HeaderFields, _ version: HTTPVersion
  ) throws(RequestRefusal) -> Authority? {
    let hosts = fields.values("host")
    guard let text = hosts.first else {
      guard version == .http10 else { throw RequestRefusal(.badRequest, "Host is missing") }
      return nil
    }
    guard hosts.count == 1 else { throw RequestRefusal(.badRequest, "more than one Host") }
    guard let host = Authority(text) else { throw RequestRefusal(.badRequest, "Host is no host") }
    return host
  }

  private static func contentLength(
    _ fields: HeaderFields, _ version: HTTPVersion
  ) throws(RequestRefusal) -> UInt64 {
    let lengths = fields.values("content-length")
    if !fields.values("transfer-encoding").isEmpty {
      // RFC 9112, section 6.1: both together, or in HTTP/1.0, are how requests are smuggled.
      guard lengths.isEmpty, version == .http11 else {
        throw RequestRefusal(.badRequest, "Transfer-Encoding where it must not be")
      }
      throw RequestRefusal(.notImplemented, "bodies need a Content-Length")
    }
    guard let text = lengths.first else { return 0 }
    guard lengths.count == 1, text.utf8.count <= 19, let length = HTTPCharacters.decimal(text)
    else { throw RequestRefusal(.badRequest, "Content-Length is no number") }
    return length
  }

  private static func expectsContinue(
    _ fields: HeaderFields, _ version: HTTPVersion
  ) throws(RequestRefusal) -> Bool {
    // RFC 9110, section 10.1.1: HTTP/1.0 knows no expectation.
    guard version == .http11 else { return false }
    let expectations = fields.tokens("expect")
    guard expectations.allSatisfy({ $0 == "100-continue" }) else {
      throw RequestRefusal(.expectationFailed, "an unknown expectation")
    }
    return !expectations.isEmpty
  }
}
