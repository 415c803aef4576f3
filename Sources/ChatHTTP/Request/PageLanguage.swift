/// The languages of the server's pages, and which one a request asks for. Pure.
package enum PageLanguage: String, Sendable, CaseIterable {
  case english = "en"
  case german = "de"

  /// The one that a request likes best (RFC 9110, section 12.5.4); English if it likes neither, or does not say.
  package init(_ head: RequestHead) {
    self.init(accepted: head.fields.values("accept-language").joined(separator: ","))
  }

  /// The same of the field's value: `de-AT, en;q=0.8`.
  package init(accepted text: String) {
    var best: (language: PageLanguage, thousandths: Int) = (.english, 0)
    for part in text.split(separator: ",") {
      let words = part.split(separator: ";").map { HTTPCharacters.trimmed(String($0)) }
      guard let range = words.first.map({ HTTPCharacters.lowercased($0) }),
        let tag = range.split(separator: "-").first,
        let language = PageLanguage(rawValue: String(tag)),
        let quality = words.count < 2 ? 1_000 : Self.thousandths(words[1])
      else { continue }
      if quality > best.thousandths { best = (language, quality) }
    }
    self = best.language
  }

  /// `q=0.8` in thousandths; `nil` if it is no weight (RFC 9110, section 12.4.2).
  private static func thousandths(_ text: String) -> Int? {
    let lowercased = HTTPCharacters.lowercased(text)
    guard lowercased.hasPrefix("q=") else { return nil }
    let parts = lowercased.dropFirst(2).split(separator: ".", omittingEmptySubsequences: false)
    guard 1...2 ~= parts.count, parts[0] == "0" || parts[0] == "1" else { return nil }
    let digits = parts.count > 1 ? parts[1] : ""
    guard digits.utf8.count <= 3, digits.utf8.allSatisfy(HTTPCharacters.isDigit) else { return nil }
    let padded = digits + String(repeating: "0", count: 3 - digits.utf8.count)
    let value = (parts[0] == "1" ? 1_000 : 0) + (Int(padded) ?? 0)
    return value <= 1_000 ? value : nil
  }
}
