/// Sanitizes text from a peer, so that it can be displayed safely.
///
/// Ill-formed UTF-8 becomes U+FFFD, one for each maximal subpart (Unicode 15, section 3.9,
/// "U+FFFD Substitution of Maximal Subparts"). So do the control characters, which can move a
/// cursor or change a terminal's state (C0 but TAB, DEL, C1), the line and paragraph separators (U+2028,
/// U+2029), at which some programs end a line, and the bidirectional overrides and isolates
/// (U+202A–U+202E, U+2066–U+2069), which can make a text read as another one.
public enum TextCleaner {
  /// U+FFFD REPLACEMENT CHARACTER.
  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Appends `text` to `output`, cleaned. Grows at most to three times its size.
  public static func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
    guard !text.isPrintableASCII else {
      output.append(text)
      return
    }
    /// Where the clean characters begin that are not appended yet.
    var start = 0
    var index = 0
    while index < text.count {
      let (length, isClean) = character(in: text, at: index)
      if !isClean {
        output.append(text.extracting(start..<index))
        output.append(contentsOf: replacement)
        start = index + length
      }
      index += length
    }
    output.append(text.extracting(start..<text.count))
  }

  /// `text`, cleaned, as a string.
  public static func clean(_ text: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    append(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes at `start` that are one character, or one maximal subpart of an ill-formed one.
  ///
  /// The table is Unicode's 3-7, "Well-Formed UTF-8 Byte Sequences".
  private static func character(
    in text: Span<UInt8>, at start: Int
  ) -> (length: Int, isClean: Bool) {
    let lead = text[start]
    let second: ClosedRange<UInt8>
    let length: Int
    switch lead {
    case 0x20...0x7E, 0x09: return (1, true)
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return (1, false)
    }
    guard start + 1 < text.count, second.contains(text[start + 1]) else { return (1, false) }
    for offset in 2..<max(2, length) {
      guard start + offset < text.count, 0x80...0xBF ~= text[start + offset] else {
        return (offset, false)
      }
    }
    return (length, !isForbidden(in: text, at: start))
  }

  /// Whether the well-formed character at `start` is forbidden.
  private static func isForbidden(in text: Span<UInt8>, at start: Int) -> Bool {
    switch (text[start], text[start + 1]) {
    case (0xC2, 0x80...0x9F): true  // U+0080–U+009F
    case (0xE2, 0x80): 0xA8...0xAE ~= text[start + 2]  // U+2028–U+202E
    case (0xE2, 0x81): 0xA6...0xA9 ~= text[start + 2]  // U+2066–U+2069
    default: false
    }
  }
}
