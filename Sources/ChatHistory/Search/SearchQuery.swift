internal import ChatSystem

/// The words of a search.
package struct SearchQuery {
  /// How many words the index is asked for; the rest are looked for in the lines it finds.
  static let indexedWords = 32

  /// Each word once, with the spaces around it, the longest first: those are the rarest.
  private let words: [[UInt8]]

  /// Takes the words out of what was typed: there are no operators in it, just text.
  package init(_ text: String) {
    var spaced: [UInt8] = []
    var text = text
    text.withUTF8 { SearchWords.split(UnsafeRawBufferPointer($0), into: &spaced) }
    let distinct = Set(spaced.split(separator: SearchWords.space).map { Array($0) })
    words = distinct.sorted { $0.count > $1.count }.map {
      [SearchWords.space] + $0 + [SearchWords.space]
    }
  }

  /// Whether there is nothing to search for.
  package var isEmpty: Bool { words.isEmpty }

  /// The index's query (https://www.sqlite.org/fts5.html, section 3): each word in quotes, and between
  /// them an AND that is not written. No word holds a quote.
  package var indexQuery: String {
    words.prefix(Self.indexedWords)
      .map { "\"\(String(decoding: $0.dropFirst().dropLast(), as: UTF8.self))\"" }
      .joined(separator: " ")
  }

  /// Whether a line has all the words.
  ///
  /// - Parameter spaced: the line's, as `SearchWords.split` puts them.
  package func matches(_ spaced: [UInt8]) -> Bool {
    spaced.withUnsafeBytes { line in
      words.allSatisfy { word in word.withUnsafeBytes { line.contains($0) } }
    }
  }
}
