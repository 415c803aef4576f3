internal import ChatCore

/// A line to send, without its LF.
package enum OutgoingLine: Equatable, Sendable {
  /// As it is: a command, or text that is none.
  case raw([UInt8])
  /// Text, whatever it looks like.
  case text([UInt8])
  /// A question of the client's own, which files the room has. The client asks it again by itself.
  case lookup([UInt8])

  var bytes: [UInt8] {
    switch self {
    case .raw(let bytes), .text(let bytes), .lookup(let bytes): bytes
    }
  }

  /// What the server makes of it; `nil` if it is refused.
  func meaning(from nickname: Nickname) -> ClientLine? {
    switch self {
    case .text(let text): .text(0..<text.count)
    case .raw(let bytes): try? ClientLine(bytes.span, from: nickname)
    case .lookup: nil
    }
  }
}
