/// Text in a page.
package enum HTMLText {
  /// The text, so that it is nothing but text between tags and in quoted attributes (HTML Standard, "escaping a string").
  package static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\u{A0}": escaped += "&nbsp;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
