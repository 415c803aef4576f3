/// The paths of a command, written as for a shell. Pure.
package enum ShellWords {
  /// Cuts a line at its spaces, but not at those in quotes or after a backslash; `~/` at the beginning of a word is
  /// the home folder. Bytes outside ASCII stand for themselves, UTF-8 or not.
  ///
  /// - Parameter home: that folder; without it `~` is an ordinary name.
  /// - Returns: `nil` if a quote has no end.
  package static func split(_ line: [UInt8], home: [UInt8]?) -> [[UInt8]]? {
    var words: [[UInt8]] = []
    var word: [UInt8]?
    var quote: Unicode.Scalar?
    var isEscaped = false
    for (index, byte) in line.enumerated() {
      var taken = word ?? []
      switch Unicode.Scalar(byte) {
      case let scalar where isEscaped:
        // In double quotes a backslash quotes these alone.
        if quote == "\"", !["\"", "\\", "$", "`"].contains(scalar) {
          taken.append(UInt8(ascii: "\\"))
        }
        taken.append(byte)
        isEscaped = false
      case "\\" where quote != "'": isEscaped = true
      case quote: quote = nil
      case "\"" where quote == nil, "'" where quote == nil: quote = Unicode.Scalar(byte)
      case " " where quote == nil, "\t" where quote == nil:
        if let whole = word { words.append(whole) }
        word = nil
        continue
      case "~" where word == nil && quote == nil:
        let next = index + 1 < line.count ? Unicode.Scalar(line[index + 1]) : " "
        let isHome = next == "/" || next == " "
        taken = isHome ? home ?? [byte] : [byte]
      default: taken.append(byte)
      }
      word = taken
    }
    guard quote == nil else { return nil }
    if isEscaped { word = (word ?? []) + [UInt8(ascii: "\\")] }
    return words + (word.map { [$0] } ?? [])
  }
}
