/// A request to speak WebSocket from here on (RFC 6455, section 4.2.1). Pure.
package struct WebSocketRequest: Sendable, Equatable {
  /// The version that is spoken.
  package static let version: ResponseHead.Value = "13"
  /// What is appended to the key (section 1.3).
  private static let keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

  /// What the answer's `Sec-WebSocket-Accept` is the SHA-1 of.
  package let acceptSource: [UInt8]
  /// The names of protocols that the client speaks, as it prefers them.
  package let protocols: [String]

  /// Reads it.
  ///
  /// - Throws: `RequestRefusal`; 426 where the client wants no WebSocket, or another version.
  package init(_ head: RequestHead) throws(RequestRefusal) {
    let fields = head.fields
    guard fields.tokens("upgrade").contains("websocket"),
      fields.tokens("connection").contains("upgrade")
    else { throw RequestRefusal(.upgradeRequired, "this is for WebSocket") }
    guard head.method == "GET", head.version == .http11, head.contentLength == 0 else {
      throw RequestRefusal(.badRequest, "WebSocket begins with a GET of HTTP/1.1")
    }
    guard fields["sec-websocket-version"] == "13" else {
      throw RequestRefusal(.upgradeRequired, "WebSocket is spoken in version 13")
    }
    guard let key = fields["sec-websocket-key"], Base64.decoded(key)?.count == 16 else {
      throw RequestRefusal(.badRequest, "Sec-WebSocket-Key is not 16 bytes in base64")
    }
    acceptSource = Array((key + Self.keySuffix).utf8)
    // Names are told apart by case.
    protocols = fields.values("sec-websocket-protocol").flatMap { $0.split(separator: ",") }
      .map { HTTPCharacters.trimmed($0) }
  }
}
