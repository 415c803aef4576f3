/// A QR code for a terminal: two modules in each character cell. Pure.
package enum TerminalQRCode {
  /// Black on white, of the 256 colours that no theme changes (16 and 231), as readers want it.
  private static let colors = "\u{1B}[38;5;16;48;5;231m"
  private static let reset = "\u{1B}[0m"

  /// How many columns a code needs, with its border.
  package static func columns(of code: QRCode) -> Int { code.size + 2 * QRCode.quietZone }

  /// Lines, each with its LF.
  package static func text(of code: QRCode) -> String {
    let range = -QRCode.quietZone..<(code.size + QRCode.quietZone)
    return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
      let cells = range.map { column in
        cell(
          code.isDark(row: row, column: column), code.isDark(row: row + 1, column: column))
      }
      return "\(colors)\(String(cells))\(reset)\n"
    }.joined()
  }

  private static func cell(_ isUpperDark: Bool, _ isLowerDark: Bool) -> Character {
    switch (isUpperDark, isLowerDark) {
    case (true, true): "█"
    case (true, false): "▀"
    case (false, true): "▄"
    case (false, false): " "
    }
  }
}
