/// The header of a frame that a server sends (RFC 6455, section 5.2): at most 10 bytes, never masked.
package struct FrameHeader: Sendable, Equatable {
  /// What a frame is.
  package enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames have at most 125 bytes and are never fragmented (section 5.5).
    var isControl: Bool { rawValue & 0x8 != 0 }
  }

  /// Limit: of any header that `encoded` makes.
  package static let mostBytes = 10
  /// Limit: of what a control frame carries.
  package static let mostControlBytes = 125

  package let opcode: Opcode
  /// Whether the message ends with this frame.
  package let isFinal: Bool
  package let payloadBytes: Int

  package init(_ opcode: Opcode, isFinal: Bool = true, payloadBytes: Int) {
    (self.opcode, self.isFinal, self.payloadBytes) = (opcode, isFinal, payloadBytes)
  }

  /// Puts the header at the beginning of a space of at least `mostBytes`.
  ///
  /// - Returns: how many bytes it has.
  package func encode(into space: inout MutableSpan<UInt8>) -> Int {
    space[0] = (isFinal ? 0x80 : 0) | opcode.rawValue
    switch payloadBytes {
    case ..<126:
      space[1] = UInt8(payloadBytes)
      return 2
    case ..<65_536:
      space[1] = 126
      return Self.put(UInt64(payloadBytes), bytes: 2, into: &space)
    default:
      space[1] = 127
      return Self.put(UInt64(payloadBytes), bytes: 8, into: &space)
    }
  }

  private static func put(_ value: UInt64, bytes: Int, into space: inout MutableSpan<UInt8>) -> Int
  {
    for index in 0..<bytes {
      space[2 + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (bytes - 1 - index)))
    }
    return 2 + bytes
  }

  /// The header, followed by what a control frame carries.
  ///
  /// - Parameter payload: at most `mostControlBytes`.
  package static func controlFrame(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
    [0x80 | opcode.rawValue, UInt8(payload.count)] + payload
  }

  /// A frame that ends the connection.
  package static func closeFrame(_ code: CloseCode) -> [UInt8] {
    controlFrame(
      .close, [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)])
  }
}
