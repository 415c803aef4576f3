@_spi(_Unicode) import Swift

/// Splits text into the words that it is found by.
///
/// A word is a run of letters, marks and digits, without regard to case or to how its characters are
/// composed. Where a script sets no spaces between words (Chinese, Japanese, Thai and their like), each
/// of its letters is a word of its own. Characters that leave no trace on a screen count for nothing.
package enum SearchWords {
  /// Puts the words of a text into `words`, in the text's order, a space before, between and after
  /// them: whatever holds ` word ` holds the word. A single space if there are none.
  ///
  /// The index and the scan both work on this, and so agree: nothing in it but words and spaces, and
  /// of ASCII only `a`–`z`, `0`–`9` and the space.
  /// - Parameter text: UTF-8, at best.
  package static func split(_ text: UnsafeRawBufferPointer, into words: inout [UInt8]) {
    words.removeAll(keepingCapacity: true)
    words.append(space)
    if text.allSatisfy({ $0 < 0x80 }) {
      splitASCII(text, into: &words)
    } else {
      splitUnicode(String(decoding: text, as: UTF8.self), into: &words)
    }
    if words.last != space { words.append(space) }
  }

  /// What stands around words.
  static let space = UInt8(ascii: " ")

  private static func splitASCII(_ text: UnsafeRawBufferPointer, into words: inout [UInt8]) {
    var isInWord = false
    for byte in text {
      let lower = byte | 0x20
      if UInt8(ascii: "a")...UInt8(ascii: "z") ~= lower {
        words.append(lower)
        isInWord = true
      } else if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
        words.append(byte)
        isInWord = true
      } else if isInWord {
        words.append(space)
        isInWord = false
      }
    }
  }

  private static func splitUnicode(_ text: String, into words: inout [UInt8]) {
    var standsAlone = false
    for scalar in folded(text) {
      switch role(of: scalar) {
      case .separator:
        if words.last != space { words.append(space) }
        standsAlone = false
      case .letter:
        if standsAlone { words.append(space) }
        words.append(contentsOf: UTF8.encode(scalar) ?? .init())
        standsAlone = false
      case .word:
        if words.last != space { words.append(space) }
        words.append(contentsOf: UTF8.encode(scalar) ?? .init())
        standsAlone = true
      case .mark:
        words.append(contentsOf: UTF8.encode(scalar) ?? .init())
      }
    }
  }

  /// A text in the one spelling that all equal ones have.
  ///
  /// Normalized before the cases are made one, so that two spellings take the same way, and after it,
  /// since that can take apart what was composed. Upper case first: ß and ss, σ and ς are one then.
  private static func folded(_ text: String) -> String.UnicodeScalarView {
    var visible = String.UnicodeScalarView()
    visible.append(
      contentsOf: text.unicodeScalars.lazy.filter { !$0.properties.isDefaultIgnorableCodePoint })
    let cased = composed(String(visible)).uppercased().lowercased()
    return composed(cased).unicodeScalars
  }

  /// Normalization form C, as the standard library has it (see `Nickname`).
  private static func composed(_ text: String) -> String {
    String(String.UnicodeScalarView(text._nfc))
  }

  private enum Role {
    case separator, letter, mark, word
  }

  private static func role(of scalar: Unicode.Scalar) -> Role {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .letterNumber:
      isOfScriptWithoutSpaces(scalar) ? .word : .letter
    case .decimalNumber, .otherNumber: .letter
    case .nonspacingMark, .spacingMark, .enclosingMark: .mark
    default: .separator
    }
  }

  private static func isOfScriptWithoutSpaces(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case ..<0x0E00: false
    case 0x0E00...0x0EFF,  // Thai, Lao
      0x1000...0x109F,  // Myanmar
      0x1780...0x17FF,  // Khmer
      0x3040...0x312F, 0x31A0...0x31BF, 0x31F0...0x31FF,  // Hiragana, Katakana, Bopomofo
      0xFF66...0xFF9F, 0x1AFF0...0x1B16F:  // Kana of half width, and old ones
      true
    default: scalar.properties.isIdeographic
    }
  }
}
