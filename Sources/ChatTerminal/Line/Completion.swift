/// What Tab adds to a line, or what it could. Pure.
package struct Completion: Equatable, Sendable {
  /// How many characters before the cursor are replaced.
  package var replacedCount = 0
  /// By what.
  package var insertion = ""
  /// What is possible, if it is more than one.
  package var candidates: [String] = []

  /// Whether it changes nothing.
  package var isIdle: Bool { insertion.isEmpty }

  /// Completes a word.
  ///
  /// - Parameters:
  ///   - words: all there are.
  ///   - ignoresCase: a word that differs in case alone is meant too, and replaces what is there.
  ///   - end: follows a word that is the only one.
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
  /// What all of them begin with.
  var commonPrefix: String {
    guard var common = first else { return "" }
    for text in dropFirst() {
      common = String(zip(common, text).prefix { $0 == $1 }.map(\.0))
    }
    return common
  }
}
