/// How many columns of a terminal a text takes. Pure.
///
/// A table of our own rather than wcwidth(3), which knows the width of nothing before the program sets the
/// process's locale. Source: Unicode 16, EastAsianWidth.txt (W and F) and emoji-data.txt
/// (Emoji_Presentation, which the standard library knows).
package enum DisplayWidth {
  /// The columns of a text without control characters.
  package static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  /// The columns of what people see as one character: those of its widest scalar.
  package static func of(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, $1 == emojiSelector ? 2 : of($1)) }
  }

  /// VARIATION SELECTOR-16 asks for the form of an emoji; not every terminal makes it wide, and too
  /// much room is better than too little.
  private static let emojiSelector: Unicode.Scalar = "\u{FE0F}"

  /// The columns of a scalar: 0, 1 or 2.
  package static func of(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x20..<0x7F, 0xA0..<0x300: return 1
    case 0..<0xA0: return 0
    // The vowels and finals that join a Hangul syllable.
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: return 0
    default: break
    }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator:
      return 0
    default: return isWide(scalar) ? 2 : 1
    }
  }

  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F,  // Hangul initials
      0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF,  // CJK signs, kana, extension A
      0x4DC0...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,  // ideographs, Yi, Hangul
      0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,  // compatibility and vertical forms
      0xFF01...0xFF60, 0xFFE0...0xFFE6,  // fullwidth forms
      0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,  // Tangut, Khitan, kana
      0x1F200...0x1F2FF, 0x20000...0x3FFFD:  // enclosed ideographs, extensions B and on
      true
    default: scalar.properties.isEmojiPresentation
    }
  }
}

extension Character {
  /// It can be shown: no control character, nothing that ends a line or turns the direction of text.
  package var isShowable: Bool {
    unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0x202A...0x202E, 0x2066...0x2069: false
      default:
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        default: true
        }
      }
    }
  }
}

extension String {
  /// As much of the text as fits, without what can't be shown.
  package func cut(toColumns width: Int) -> String {
    var left = width
    return String(
      lazy.filter(\.isShowable).prefix { character in
        left -= DisplayWidth.of(character)
        return left >= 0
      })
  }

  /// The text without what can't be shown; if it does not fit, its beginning and its end with `…` between.
  package func cutInMiddle(toColumns width: Int) -> String {
    let shown = String(filter(\.isShowable))
    guard DisplayWidth.of(shown) > width else { return shown }
    let end = String(String(shown.reversed()).cut(toColumns: max(0, width - 1) / 2).reversed())
    let start = shown.cut(toColumns: max(0, width - 1 - DisplayWidth.of(end)))
    return width > 0 ? "\(start)…\(end)" : ""
  }

  /// The text with spaces after it, or before it, up to a width.
  package func padded(toColumns width: Int, isBefore: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - DisplayWidth.of(self)))
    return isBefore ? spaces + self : self + spaces
  }
}
