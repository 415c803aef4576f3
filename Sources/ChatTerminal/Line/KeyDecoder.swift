/// Turns the bytes of a terminal into keys, however they are split. Pure.
struct KeyDecoder: Sendable {
  /// Limit: a longer answer is dropped.
  private static let longestSequence = 4_096

  private enum State {
    case ground
    /// Inside a UTF-8 character.
    case character
    /// After ESC, which begins a sequence, or is a key of its own.
    case escape
    /// Inside a control sequence, up to its final byte.
    case sequence
    /// Inside a string (DCS, APC, OSC, …), up to ST.
    case string
    /// After ESC in a string: `\` makes it ST.
    case stringEscape
  }

  private var state = State.ground
  /// The bytes so far of the character, sequence or string.
  private var pending: [UInt8] = []
  private var isTooLong = false
  /// Whether the terminal was asked something. If not, what begins like a string is a key with Alt. The rest of an answer
  /// is waited for longer than that of a key.
  var expectsReply = false

  /// How long to wait for the rest of a sequence before `giveUp`; `nil` if there is none.
  var patience: Duration? {
    switch state {
    case .ground, .character: nil
    // Alt with a letter begins like a sequence, too.
    case .escape where !expectsReply: .milliseconds(100)
    case .sequence where !expectsReply && pending.count == 2: .milliseconds(100)
    case .escape: .seconds(1)
    case .sequence, .string, .stringEscape: .seconds(1)
    }
  }

  /// The rest did not arrive: it was the ESC key, or is dropped.
  mutating func giveUp() {
    if patience != nil { state = .ground }
  }

  /// Takes a byte.
  mutating func take(_ byte: UInt8, _ emit: (Key) -> Void) {
    switch state {
    case .ground: begin(byte, emit)
    case .character: takeInCharacter(byte, emit)
    case .escape: takeAfterEscape(byte, emit)
    case .sequence: takeInSequence(byte, emit)
    case .string: takeInString(byte, emit)
    case .stringEscape:
      if byte == UInt8(ascii: "\\") {
        finishString([0x1B, byte], emit)
      } else {
        // An ESC that is not part of ST drops the string.
        state = .escape
        take(byte, emit)
      }
    }
  }

  private mutating func begin(_ byte: UInt8, _ emit: (Key) -> Void) {
    state = .ground
    switch byte {
    case 0x1B: state = .escape
    case 0x00..<0x20, 0x7F: emit(.control(byte))
    case 0x20..<0x7F: emit(.character(Unicode.Scalar(byte)))
    default:
      pending = [byte]
      state = .character
      endCharacterIfDone(emit)
    }
  }

  private mutating func takeInCharacter(_ byte: UInt8, _ emit: (Key) -> Void) {
    guard 0x80...0xBF ~= byte else {
      emitPending(emit)
      return begin(byte, emit)
    }
    pending.append(byte)
    endCharacterIfDone(emit)
  }

  /// Emits the bytes of an incomplete character, one by one.
  private func emitPending(_ emit: (Key) -> Void) {
    for scalar in UndecodedByte.text(of: pending).unicodeScalars {
      // U+0080–U+009F are control characters that nobody types.
      if !(0x80..<0xA0 ~= scalar.value) { emit(.character(scalar)) }
    }
  }

  /// Emits the character once it is complete, or cannot be valid any more.
  private mutating func endCharacterIfDone(_ emit: (Key) -> Void) {
    let length =
      switch pending[0] {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    guard pending.count >= length else { return }
    state = .ground
    emitPending(emit)
  }

  private mutating func takeAfterEscape(_ byte: UInt8, _ emit: (Key) -> Void) {
    switch Unicode.Scalar(byte) {
    case "[", "O": start(.sequence, byte)
    case "P" where expectsReply, "_" where expectsReply, "]" where expectsReply,
      "^" where expectsReply, "X" where expectsReply:
      start(.string, byte)
    case " "..."\u{7F}":
      state = .ground
      emit(.alt(byte))
    default: begin(byte, emit)
    }
  }

  private mutating func start(_ state: State, _ byte: UInt8) {
    self.state = state
    pending = [0x1B, byte]
    isTooLong = false
  }

  private mutating func append(_ byte: UInt8) {
    if pending.count < Self.longestSequence { pending.append(byte) } else { isTooLong = true }
  }

  private mutating func takeInSequence(_ byte: UInt8, _ emit: (Key) -> Void) {
    switch byte {
    case 0x20..<0x40: append(byte)
    // The Linux console's function keys send ESC [ [ and a letter.
    case UInt8(ascii: "[") where pending == [0x1B, 0x5B]: append(byte)
    case 0x40..<0x7F:
      append(byte)
      state = .ground
      if !isTooLong, let key = Key(sequence: pending) { emit(key) }
    default: begin(byte, emit)
    }
  }

  private mutating func takeInString(_ byte: UInt8, _ emit: (Key) -> Void) {
    switch byte {
    case 0x1B: state = .stringEscape
    case 0x07 where pending[1] == UInt8(ascii: "]"): finishString([byte], emit)
    // An answer contains no control character: it was Alt with a letter, and a key.
    case 0x00..<0x20: begin(byte, emit)
    default: append(byte)
    }
  }

  private mutating func finishString(_ terminator: [UInt8], _ emit: (Key) -> Void) {
    for byte in terminator { append(byte) }
    state = .ground
    if !isTooLong { emit(.reply(pending)) }
  }
}
