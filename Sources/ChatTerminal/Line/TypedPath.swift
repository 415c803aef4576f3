/// The path that a line ends with, as somebody types it for a command: as for a shell. Pure.
///
/// What is written to follow it is read as it is meant: the same rules as for the whole command.
struct TypedPath: Equatable {
  /// The path so far, without quotes and backslashes.
  private(set) var path = ""
  /// It begins with `~` for one's own folder.
  private(set) var isOfHome = false
  /// A backslash is the last thing typed.
  private(set) var isHalf = false
  /// The quote that is open.
  private var quote: Unicode.Scalar?
  /// Something of it was typed, be it a quote.
  private var isBegun = false

  /// Finds it in what is before the cursor.
  init(_ text: String) {
    for scalar in text.unicodeScalars { take(scalar) }
    if isOfHome, path != "~", !path.hasPrefix("~/") { isOfHome = false }
  }

  private mutating func take(_ scalar: Unicode.Scalar) {
    switch scalar {
    case _ where isHalf:
      isHalf = false
      // In double quotes a backslash quotes these alone.
      if quote == "\"", !["\"", "\\", "$", "`"].contains(scalar) { append("\\") }
      append(scalar)
    case "\\" where quote != "'": isHalf = true
    case quote: quote = nil
    case "\"" where quote == nil, "'" where quote == nil: quote = scalar
    case " " where quote == nil, "\t" where quote == nil:
      self = TypedPath("")
      return
    default:
      if scalar == "~", !isBegun { isOfHome = true }
      append(scalar)
    }
    isBegun = true
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    // `~` and a quoted slash are no folder of anybody's.
    if path == "~", isOfHome, quote != nil || scalar != "/" { isOfHome = false }
    path.unicodeScalars.append(scalar)
  }

  /// What follows a file's whole name: the end of the quote, and of the word.
  var end: String { (quote.map { String($0) } ?? "") + " " }

  /// How more of the path is written.
  func quoted(_ more: String) -> String {
    var text = String.UnicodeScalarView()
    for (index, scalar) in more.unicodeScalars.enumerated() {
      switch (scalar, quote) {
      // No backslash in single quotes: out of them, and in again.
      case ("'", "'"): text.append(contentsOf: "'\\'".unicodeScalars)
      case ("\\", nil), ("\\", "\""), ("\"", nil), ("\"", "\""), ("'", nil), (" ", nil):
        text.append("\\")
      case ("~", nil) where index == 0 && !isBegun: text.append("\\")
      default: break
      }
      text.append(scalar)
    }
    return String(text)
  }
}
