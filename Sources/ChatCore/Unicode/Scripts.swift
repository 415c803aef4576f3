/// Which scripts a text is written in (UAX #24, UTS #39).
enum Scripts {
  /// The augmented script sets that occur (UTS #39, section 5.1); `nil` is one that fits all.
  private static let sets: [Set<Substring>?] = UnicodeTables.scriptSets.description
    .split(separator: " ").map { $0 == "*" ? nil : Set($0.split(separator: ",")) }

  /// From which character on which of them holds.
  private static let starts: [(first: UInt32, set: Int)] = UnicodeTables.scripts.description
    .split(separator: " ").compactMap { word in
      let numbers = word.split(separator: "=").compactMap { UInt32($0, radix: 16) }
      return numbers.count == 2 ? (numbers[0], Int(numbers[1])) : nil
    }

  /// Chinese with Bopomofo, Japanese, Korean: scripts that are written together, and with Latin.
  private static let mixed: Set<Substring> = ["Hanb", "Jpan", "Kore"]

  /// Whether a text of letters, marks and digits is of one script, or of such as are written together: Latin with
  /// Han and Hiragana and Katakana, or Bopomofo, or Hangul (UTS #39, section 5.2, "highly restrictive").
  static func areWrittenTogether(in text: String) -> Bool {
    let found = text.unicodeScalars.compactMap(scripts)
    if isOneScript(found) { return true }
    let others = found.filter { !$0.contains("Latn") }
    return isOneScript(others + [mixed])
  }

  /// Whether some script is in all of the sets.
  private static func isOneScript(_ sets: [Set<Substring>]) -> Bool {
    guard let first = sets.first else { return true }
    return !sets.dropFirst().reduce(first) { $0.intersection($1) }.isEmpty
  }

  /// - Returns: `nil` if the character fits all scripts.
  private static func scripts(of scalar: Unicode.Scalar) -> Set<Substring>? {
    guard let start = starts.last(startingUpTo: scalar.value, by: \.first) else { return nil }
    return sets[start.set]
  }
}
