package import ChatHTTP

/// The page at `/ca`: what the server's authority is, how to trust it, and how to stop. Without scripts.
package enum AuthorityPage {
  /// The page.
  ///
  /// - Parameters:
  ///   - fingerprint: the SHA-256 of the authority's certificate, as phones show it.
  ///   - names: what the authority may vouch for; IPv6 addresses without brackets.
  package static func text(
    in language: PageLanguage, fingerprint: String, names: [String]
  ) -> String {
    let words = AuthorityPageWords.in(language)
    let items = names.map { "<li><code>\(HTMLText.escaped(shortened($0)))</code></li>" }
    return """
      <!DOCTYPE html>
      <html lang="\(language.rawValue)">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="stylesheet" href="/static/style.css">
      <title>\(words.title)</title>
      </head>
      <body>
      <main>
      <h1>\(words.title)</h1>
      <p>\(words.why)</p>
      <p><a href="/ca.crt">\(words.download)</a></p>
      <h2>\(words.meaning.title)</h2>
      \(paragraphs(words.meaning.texts))
      <ul>
      \(items.joined(separator: "\n"))
      </ul>
      <h2>\(words.comparison.title)</h2>
      \(paragraphs(words.comparison.texts))
      <p><code>\(HTMLText.escaped(fingerprint))</code></p>
      \(words.guides.map(section).joined(separator: "\n"))
      <h2>\(words.removal.title)</h2>
      <ul>
      \(words.removal.texts.map { "<li>\($0)</li>" }.joined(separator: "\n"))
      </ul>
      <p><a href="/">\(words.back)</a></p>
      </main>
      </body>
      </html>

      """
  }

  private static func paragraphs(_ texts: [String]) -> String {
    texts.map { "<p>\($0)</p>" }.joined(separator: "\n")
  }

  private static func section(_ guide: AuthorityPageWords.Section) -> String {
    let steps = guide.texts.map { "<li>\($0)</li>" }.joined(separator: "\n")
    return "<h2>\(guide.title)</h2>\n<ol>\n\(steps)\n</ol>"
  }

  /// An IPv6 address with its zeros left out.
  private static func shortened(_ name: String) -> String {
    guard name.contains(":"), let host = HostName("[\(name)]") else { return name }
    return String("\(host)".dropFirst().dropLast())
  }
}
