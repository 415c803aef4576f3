/// The last path of a command line as it is typed, with the shell's rules. Pure.
///
/// What is appended to it is quoted by the same rules.
struct TypedPath: Equatable {
  /// The path so far, without quotes and backslashes.
  private(set) var path = ""
  /// It begins with `~` for the home folder.
  private(set) var isOfHome = false
  /// The last character is a backslash.
  private(set) var isHalf = false
  /// The quote that is open.
  private var quote: Unicode.Scalar?
  /// Something was typed, if only a quote.
  private var isBegun = false

  /// Finds the path in the text before the cursor.
  init(_ text: String) {
    for scalar in text.unicodeScalars { take(scalar) }
    if isOfHome, path != "~", !path.hasPrefix("~/") { isOfHome = false }
  }

  private mutating func take(_ scalar: Unicode.Scalar) {
    switch scalar {
    case _ where isHalf:
      isHalf = false
      // In double quotes, a backslash quotes only these.
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
    // `~` with a quoted slash is not the home folder.
    if path == "~", isOfHome, quote != nil || scalar != "/" { isOfHome = false }
    path.unicodeScalars.append(scalar)
  }

  /// What follows a complete name: the closing quote, and a space.
  var end: String { (quote.map { String($0) } ?? "") + " " }

  /// A continuation of the path, quoted.
  func quoted(_ more: String) -> String {
    var text = String.UnicodeScalarView()
    for (index, scalar) in more.unicodeScalars.enumerated() {
      switch (scalar, quote) {
      // Single quotes allow no backslash: leave them, and enter them again.
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
