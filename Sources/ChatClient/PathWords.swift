/// The paths of a command, written as for a shell. Pure.
package enum PathWords {
  /// Cuts a text at its spaces, but not those in quotes or after a backslash; `~/` at a word's beginning is
  /// one's own folder.
  ///
  /// - Parameter home: that folder; without it `~` is a name like others.
  /// - Returns: `nil` if a quote has no end.
  package static func split(_ text: String, home: String?) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Unicode.Scalar?
    var isEscaped = false
    for (index, scalar) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
      var taken = word ?? ""
      switch scalar {
      case _ where isEscaped:
        // In double quotes a backslash quotes these alone.
        if quote == "\"", scalar != "\"", scalar != "\\", scalar != "$", scalar != "`" {
          taken.unicodeScalars.append("\\")
        }
        taken.unicodeScalars.append(scalar)
        isEscaped = false
      case "\\" where quote != "'": isEscaped = true
      case quote: quote = nil
      case "\"" where quote == nil, "'" where quote == nil: quote = scalar
      case " " where quote == nil, "\t" where quote == nil:
        if let whole = word { words.append(whole) }
        word = nil
        continue
      case "~" where word == nil && quote == nil:
        let rest = text.unicodeScalars[index...].dropFirst()
        let isHome = rest.first.map { $0 == "/" || $0 == " " } ?? true
        taken = isHome ? home ?? "~" : "~"
      default: taken.unicodeScalars.append(scalar)
      }
      word = taken
    }
    guard quote == nil else { return nil }
    if isEscaped { word = (word ?? "") + "\\" }
    return words + (word.map { [$0] } ?? [])
  }
}
