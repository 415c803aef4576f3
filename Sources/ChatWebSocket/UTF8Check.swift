/// Whether bytes that come in pieces are UTF-8 (The Unicode Standard, table 3-7). Pure.
package struct UTF8Check: Sendable, Equatable {
  /// How many bytes are missing of the character that has begun.
  private var missing = 0
  /// What the next of them may be.
  private var (lowest, highest): (UInt8, UInt8) = (0x80, 0xBF)

  /// Nothing has come.
  package init() {}

  /// Whether no character has begun that has not ended.
  package var isComplete: Bool { missing == 0 }

  /// Takes the next bytes.
  ///
  /// - Returns: whether they may still become UTF-8. Once they can't, it is not asked again.
  package mutating func take(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
      let byte = bytes[index]
      if missing == 0 {
        if byte < 0x80 { continue }
        guard begin(byte) else { return false }
      } else {
        guard lowest <= byte, byte <= highest else { return false }
        missing -= 1
        (lowest, highest) = (0x80, 0xBF)
      }
    }
    return true
  }

  private mutating func begin(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: missing = 1
    // Overlong forms, surrogates, and what is beyond U+10FFFF show in the second byte.
    case 0xE0: (missing, lowest) = (2, 0xA0)
    case 0xED: (missing, highest) = (2, 0x9F)
    case 0xE1...0xEF: missing = 2
    case 0xF0: (missing, lowest) = (3, 0x90)
    case 0xF4: (missing, highest) = (3, 0x8F)
    case 0xF1...0xF3: missing = 3
    default: return false
    }
    return true
  }
}
