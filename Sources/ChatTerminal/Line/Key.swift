/// What a terminal sends: a key, the bounds of a paste, or an answer.
package enum Key: Equatable, Sendable {
  /// A character, or a byte that is not UTF-8 (`UndecodedByte`). No control character.
  case character(Unicode.Scalar)
  /// Ctrl with a letter, Enter (CR or LF), Tab, or Backspace (DEL): the C0 code or DEL.
  case control(UInt8)
  /// Alt with an ASCII character.
  case alt(UInt8)
  case up, down, left, right, wordLeft, wordRight, home, end, delete
  case pasteBegin, pasteEnd
  /// The answer to a question, whole: a control sequence or a string.
  case reply([UInt8])

  /// The key of a control sequence (ECMA-48, 5.4; xterm's ctlseqs for what keys send).
  ///
  /// - Parameter sequence: ESC `[` or ESC `O`, parameters, and the final byte.
  /// - Returns: `nil` for an unknown key.
  init?(sequence: [UInt8]) {
    let parameters = sequence.dropFirst(2).dropLast()
    let numbers = parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    // 1 and the sum of: 1 Shift, 2 Alt, 4 Ctrl.
    let modifiers = max(1, numbers.count > 1 ? numbers[1] : 1) - 1
    let isByWord = modifiers & 6 != 0
    switch sequence.last.map(Unicode.Scalar.init) {
    case "A": self = .up
    case "B": self = .down
    case "C": self = isByWord ? .wordRight : .right
    case "D": self = isByWord ? .wordLeft : .left
    case "H": self = .home
    case "F": self = .end
    case "~":
      switch numbers.first {
      case 1, 7: self = .home
      case 4, 8: self = .end
      case 3: self = .delete
      case 200: self = .pasteBegin
      case 201: self = .pasteEnd
      default: return nil
      }
    case "c", "R", "t", "n", "u":
      // Without parameters they are not answers.
      guard !parameters.isEmpty else { return nil }
      self = .reply(sequence)
    default: return nil
    }
  }
}
