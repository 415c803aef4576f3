internal import ChatCore

/// Takes a picture of coloured characters out of what a tool wrote, and nothing else. Pure.
///
/// The tool has read an untrusted file. Only printable characters, colours (ECMA-48, SGR) and line ends, in at most the
/// requested columns and rows, go to the terminal. Other control sequences (hiding of the cursor) are left out.
package enum PictureSymbols {
  /// The picture in a tool's output.
  ///
  /// - Returns: `nil` if there is none, or one that is too large or contains anything else.
  package static func picture(in output: [UInt8], columns: Int, rows: Int) -> [UInt8]? {
    guard let text = String(validating: output, as: UTF8.self) else { return nil }
    // By scalars: CR LF is one character.
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in shown(line, columns: columns) }
    if lines.last == "" { lines.removeLast() }
    guard (1...rows).contains(lines.count) else { return nil }
    var picture: [String] = []
    for line in lines {
      guard let line else { return nil }
      picture.append(line + "\u{1B}[0m")
    }
    return Array(picture.joined(separator: "\n").utf8)
  }

  /// The part of a line that is shown; `nil` if the line must not be shown.
  private static func shown(_ line: Substring.UnicodeScalarView, columns: Int) -> String? {
    var result = String.UnicodeScalarView()
    var width = 0
    var rest = line
    while let scalar = rest.popFirst() {
      guard scalar == "\u{1B}" else {
        width += DisplayWidth.of(scalar)
        guard Character(scalar).isShowable, width <= columns else { return nil }
        result.append(scalar)
        continue
      }
      guard rest.popFirst() == "[" else { return nil }
      let parameters = rest.prefix { ("\u{20}"..."\u{3F}").contains($0) }
      rest = rest[parameters.endIndex...]
      guard let final = rest.popFirst(), ("\u{40}"..."\u{7E}").contains(final) else { return nil }
      let isColour = parameters.allSatisfy { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
      if final == "m", isColour {
        result.append(contentsOf: "\u{1B}[".unicodeScalars)
        result.append(contentsOf: parameters)
        result.append(final)
      }
    }
    return String(result)
  }
}
