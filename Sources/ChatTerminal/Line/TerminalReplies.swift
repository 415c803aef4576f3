/// Finds control sequences in what a terminal sends, split in any way.
///
/// ECMA-48, 5.4 (control sequences) and 5.6 (control strings); strings end at ST, or at BEL as xterm
/// does. An ESC without ST drops a string, so that one that never ends cannot swallow the answers after it.
/// https://ecma-international.org/publications-and-standards/standards/ecma-48/
package struct TerminalReplies: Sendable {
  /// One sequence, without its introducer and its end.
  package enum Reply: Equatable, Sendable {
    /// `CSI`, its parameters, its final byte.
    case control(String, final: UInt8)
    /// `DCS` and a string.
    case device(String)
    /// `OSC` and a string.
    case system(String)
    /// `APC` and a string.
    case application(String)
  }

  /// Limit: a longer sequence is not an answer, and is dropped.
  static let mostBytes = 1_024

  private enum State {
    case text
    case escape
    case control
    /// Inside a string that ESC and this byte began.
    case string(UInt8)
    /// Inside such a string, after an ESC.
    case stringEscape(UInt8)
  }

  private var state = State.text
  private var body: [UInt8] = []

  /// Makes a parser outside of any sequence.
  package init() {}

  /// Takes the next byte.
  ///
  /// - Returns: the sequence that ends with it.
  package mutating func take(_ byte: UInt8) -> Reply? {
    switch (state, byte) {
    case (_, 0x18), (_, 0x1A): state = .text  // CAN and SUB give a sequence up.
    case (.string(let kind), 0x07): return end(kind)
    case (.string(let kind), 0x1B): state = .stringEscape(kind)
    case (.string, _): append(byte)
    case (.stringEscape(let kind), UInt8(ascii: "\\")): return end(kind)
    case (_, 0x1B): state = .escape
    case (.escape, _), (.stringEscape, _): begin(byte)
    case (.control, 0x40...0x7E):
      state = .text
      return text.map { .control($0, final: byte) }
    case (.control, _): append(byte)
    case (.text, _): break
    }
    return nil
  }

  private mutating func begin(_ byte: UInt8) {
    body = []
    switch byte {
    case UInt8(ascii: "["): state = .control
    case UInt8(ascii: "P"), UInt8(ascii: "]"), UInt8(ascii: "_"): state = .string(byte)
    default: state = .text
    }
  }

  private mutating func end(_ kind: UInt8) -> Reply? {
    state = .text
    switch kind {
    case UInt8(ascii: "P"): return text.map { .device($0) }
    case UInt8(ascii: "]"): return text.map { .system($0) }
    default: return text.map { .application($0) }
    }
  }

  private mutating func append(_ byte: UInt8) {
    if body.count <= Self.mostBytes { body.append(byte) }
  }

  /// The sequence's bytes; `nil` if they were too many.
  private var text: String? {
    body.count <= Self.mostBytes ? String(decoding: body, as: UTF8.self) : nil
  }
}
