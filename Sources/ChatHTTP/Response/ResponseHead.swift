/// The head of an answer. It can hold nothing but whole fields: the names are a closed set, and values hold no
/// control characters, whatever they are made of.
package struct ResponseHead: Sendable, Equatable {
  /// The fields that answers have, besides those that `encoded` adds.
  package enum Name: String, Sendable {
    case acceptRanges = "Accept-Ranges"
    case allow = "Allow"
    case cacheControl = "Cache-Control"
    case chatCode = "Chat-Code"
    case contentDisposition = "Content-Disposition"
    case contentLocation = "Content-Location"
    case contentRange = "Content-Range"
    case contentSecurityPolicy = "Content-Security-Policy"
    case contentType = "Content-Type"
    case entityTag = "ETag"
    case lastModified = "Last-Modified"
    case location = "Location"
    case reprDigest = "Repr-Digest"
    case retryAfter = "Retry-After"
    case secWebSocketAccept = "Sec-WebSocket-Accept"
    case secWebSocketVersion = "Sec-WebSocket-Version"
    case secWebSocketProtocol = "Sec-WebSocket-Protocol"
    case tusChecksumAlgorithm = "Tus-Checksum-Algorithm"
    case tusExtension = "Tus-Extension"
    case tusMaxSize = "Tus-Max-Size"
    case tusResumable = "Tus-Resumable"
    case tusVersion = "Tus-Version"
    case upgrade = "Upgrade"
    case uploadExpires = "Upload-Expires"
    case uploadLength = "Upload-Length"
    case uploadMetadata = "Upload-Metadata"
    case uploadOffset = "Upload-Offset"
    case vary = "Vary"
    case wwwAuthenticate = "WWW-Authenticate"
  }

  /// The value of a field: visible ASCII, spaces and tabs.
  package struct Value: Sendable, Equatable, ExpressibleByStringLiteral {
    /// The value as it is sent.
    package let text: String

    /// A value that stands in the source; one that is not allowed traps.
    package init(stringLiteral literal: StaticString) {
      guard let value = Value("\(literal)") else {
        preconditionFailure("a control character in the value of a field")
      }
      self = value
    }

    /// A value that is made from others; `nil` if it holds what no field may.
    package init?(_ text: String) {
      guard
        text.utf8.allSatisfy({ HTTPCharacters.isFieldValue($0) && $0 < 0x80 }),
        HTTPCharacters.trimmed(text) == text
      else { return nil }
      self.text = text
    }

    /// A number.
    package init(_ number: some FixedWidthInteger) { text = String(number) }

    /// A moment.
    package init(_ date: HTTPDate) { text = date.text }

    /// A tag.
    package init(_ tag: EntityTag) { text = tag.text }
  }

  /// What comes of the request.
  package let status: HTTPStatus
  private var fields: [(name: Name, value: Value)] = []

  /// Makes a head without fields.
  package init(_ status: HTTPStatus) { self.status = status }

  /// The value of a field; set to `nil`, it is removed.
  package subscript(name: Name) -> Value? {
    get { fields.first { $0.name == name }?.value }
    set {
      fields.removeAll { $0.name == name }
      if let newValue { fields.append((name, newValue)) }
    }
  }

  /// The same fields with another status.
  package func with(_ status: HTTPStatus) -> ResponseHead {
    var head = ResponseHead(status)
    head.fields = fields
    return head
  }

  /// The same status and the same fields in the same order.
  package static func == (one: ResponseHead, other: ResponseHead) -> Bool {
    one.status == other.status && one.fields.elementsEqual(other.fields, by: ==)
  }

  /// The head's bytes, up to the empty line.
  ///
  /// Every answer forbids browsers to guess types, to run or load anything that the answer itself does not allow, to
  /// tell others where it was, and to lend it to pages from elsewhere.
  ///
  /// - Parameters:
  ///   - contentLength: how many bytes of content the answer to a GET has; `nil` where it can have none.
  ///   - version: the request's: HTTP/1.0 is told what its answer means in HTTP/1.1, too (RFC 9112, section 2.3).
  ///   - keepsAlive: whether the connection goes on.
  package func encoded(
    contentLength: UInt64?, date: HTTPDate, version: HTTPVersion, keepsAlive: Bool
  ) -> [UInt8] {
    var text = "HTTP/1.1 \(status.rawValue) \(status.phrase)\r\n"
    func add(_ name: String, _ value: String) { text += "\(name): \(value)\r\n" }
    add("Date", date.text)
    for field in fields { add(field.name.rawValue, field.value.text) }
    if status.allowsContent, let contentLength { add("Content-Length", String(contentLength)) }
    if self[.upgrade] != nil {
      add("Connection", "Upgrade")
    } else if !keepsAlive {
      add("Connection", "close")
    } else if version == .http10 {
      add("Connection", "keep-alive")
    }
    add("X-Content-Type-Options", "nosniff")
    if self[.contentSecurityPolicy] == nil {
      add(
        Name.contentSecurityPolicy.rawValue,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    }
    add("Referrer-Policy", "no-referrer")
    add("Cross-Origin-Resource-Policy", "same-origin")
    return Array((text + "\r\n").utf8)
  }
}
