/// What a client says over WebSocket (RFC 6455).
enum WebSocketClient {
  /// A connection's first bytes. The key is the RFC's example (section 1.3): one is as good as another here.
  static let request = """
    GET /ws HTTP/1.1\r
    Host: 127.0.0.1\r
    Connection: Upgrade\r
    Upgrade: websocket\r
    Sec-WebSocket-Version: 13\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Protocol: chat.1\r
    \r

    """
  /// The field of the answer that belongs to the key.
  static let accepted = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="

  /// What goes before the bytes of a text message. The mask is zero: the server has to take it off all the same.
  ///
  /// - Parameter payloadBytes: fewer than 64 KiB.
  static func header(payloadBytes: Int) -> [UInt8] {
    let mask: [UInt8] = [0, 0, 0, 0]
    guard payloadBytes > 125 else { return [0x81, 0x80 | UInt8(payloadBytes)] + mask }
    return [0x81, 0x80 | 126, UInt8(payloadBytes >> 8), UInt8(payloadBytes & 0xFF)] + mask
  }
}
