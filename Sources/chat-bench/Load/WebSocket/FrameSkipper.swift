/// Takes the frames off what a server sends over WebSocket (RFC 6455, section 5.2), from bytes that come in any pieces, and
/// checks that they are well formed. Pure.
///
/// Nothing is copied: what the messages carry is told by its place. No code is shared with the servers that it checks.
struct FrameSkipper {
  /// What a server must not send here.
  struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = "WebSocket: \(reason)" }
  }

  /// What a frame is. Binary ones are not expected.
  private enum Opcode: UInt8 {
    case continuation = 0x0
    case text = 0x1
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue & 0x8 != 0 }
  }

  private static let lineFeed = UInt8(ascii: "\n")

  /// How many bytes of the current frame have not come.
  private(set) var leftBytes = 0
  /// How many the last frame has that has begun.
  private(set) var payloadBytes = 0

  private var header = InlineArray<10, UInt8>(repeating: 0)
  private var headerCount = 0
  private var opcode = Opcode.text
  private var isFinal = true
  /// A message has begun that the last frame has not ended.
  private var isMidMessage = false

  /// Finds the next bytes that a message carries.
  ///
  /// - Parameter position: where to go on; it is moved.
  /// - Returns: their place; `nil` if all bytes are read.
  mutating func next(
    in bytes: UnsafeRawBufferPointer, from position: inout Int
  ) throws(Violation) -> Range<Int>? {
    while position < bytes.count {
      if leftBytes > 0 {
        let part = position..<min(bytes.count, position + leftBytes)
        position = part.upperBound
        leftBytes -= part.count
        if opcode.isControl { continue }
        if leftBytes == 0 && isFinal && bytes[position - 1] != Self.lineFeed {
          throw Violation("a message does not end with a line")
        }
        return part
      }
      header[headerCount] = bytes[position]
      (headerCount, position) = (headerCount + 1, position + 1)
      if headerCount == headerBytes { try begin() }
    }
    return nil
  }

  /// Goes on behind bytes of the current frame that nobody looks at.
  ///
  /// - Parameter count: at most `leftBytes`.
  mutating func skip(_ count: Int) { leftBytes -= count }

  /// How long the header is, as far as is known.
  private var headerBytes: Int {
    guard headerCount >= 2 else { return 2 }
    return header[1] & 0x7F == 126 ? 4 : header[1] & 0x7F == 127 ? 10 : 2
  }

  /// Reads a header that is complete.
  private mutating func begin() throws(Violation) {
    guard header[0] & 0x70 == 0 else { throw Violation("a reserved bit is set") }
    guard header[1] & 0x80 == 0 else { throw Violation("a server's frame is masked") }
    guard let opcode = Opcode(rawValue: header[0] & 0x0F) else {
      throw Violation("a frame is neither text nor control")
    }
    var length = UInt64(header[1])
    if headerCount > 2 {
      length = 0
      for index in 2..<headerCount { length = length << 8 | UInt64(header[index]) }
      guard length > (headerCount == 4 ? 125 : 65_535), let known = Int(exactly: length) else {
        throw Violation("a length is not minimal, or too large for any")
      }
      payloadBytes = known
    } else {
      payloadBytes = Int(length)
    }
    (self.opcode, isFinal) = (opcode, header[0] & 0x80 != 0)
    (leftBytes, headerCount) = (payloadBytes, 0)
    try checkOrder()
  }

  /// Whether the frame may come here.
  private mutating func checkOrder() throws(Violation) {
    switch opcode {
    case .close: throw Violation("the server ends the connection")
    case .ping, .pong:
      guard isFinal, payloadBytes < 126 else {
        throw Violation("a control frame is fragmented, or too long")
      }
    case .text, .continuation:
      guard isMidMessage == (opcode == .continuation) else {
        throw Violation("a message begins within another, or goes on without having begun")
      }
      guard payloadBytes > 0 else { throw Violation("a frame carries nothing") }
      isMidMessage = !isFinal
    }
  }
}
