/// What Tab adds to a line, or the candidates. Pure.
package struct Completion: Equatable, Sendable {
  /// How many characters before the cursor are replaced.
  package var replacedCount = 0
  /// What replaces them.
  package var insertion = ""
  /// The candidates, if there is more than one.
  package var candidates: [String] = []

  /// Whether it changes nothing.
  package var isIdle: Bool { insertion.isEmpty }

  /// Completes a word.
  ///
  /// - Parameters:
  ///   - words: all candidates.
  ///   - ignoresCase: whether a word that differs only in case matches too, and replaces what was typed.
  ///   - end: follows a word that is the only match.
  package init(of word: String, from words: [String], ignoresCase: Bool = false, end: String) {
    let wanted = word.lowercased()
    let matches = words.filter {
      $0.hasPrefix(word) || ignoresCase && $0.lowercased().hasPrefix(wanted)
    }
    guard matches.count != 1 else {
      (replacedCount, insertion) = (word.count, matches[0] + end)
      return
    }
    candidates = matches
    let common = matches.commonPrefix
    if common.count > word.count { (replacedCount, insertion) = (word.count, common) }
  }
}

extension [String] {
  /// The longest prefix that all of them share.
  var commonPrefix: String {
    guard var common = first else { return "" }
    for text in dropFirst() {
      common = String(zip(common, text).prefix { $0 == $1 }.map(\.0))
    }
    return common
  }
}
