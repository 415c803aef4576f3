internal import ChatHistory

/// Searches, and groups of lines as a damaged history has them. The input is the numbers of a group, and what is
/// searched for and where.
enum HistoryTarget {
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let first = Int64(bitPattern: reader.number())
    let count = Int64(bitPattern: reader.number())
    let wanted = reader.number()
    readGroup(first: first, count: count, bytes: Array(reader.rest), wanted: wanted)
    let searched = reader.bytes(upTo: UInt8(ascii: "\n"))
    search(searched, in: Array(reader.rest))
  }

  private static func readGroup(first: Int64, count: Int64, bytes: [UInt8], wanted: UInt64) {
    // Sound: the group is gone before the bytes are.
    bytes.withUnsafeBytes { bytes in
      let group = StoredGroup(
        id: 1, room: 1, first: first, count: count, timeMilliseconds: count, bytes: bytes)
      var lines = 0
      do throws(HistoryError) {
        try group.eachLine { sequence, line throws(HistoryError) in
          lines += 1
          let past = group.pastLine(sequence, line)
          demand(!past.bytes.contains(UInt8(ascii: "\n")), "a line with an LF")
          return true
        }
        demand(lines == group.lineCount, "\(lines) lines of \(group.lineCount)")
      } catch {
        demand(error.kind == .damaged, "\(error)")
      }
      demand(lines <= group.lineCount, "\(lines) lines of \(group.lineCount)")
      _ = try? group.line(wanted)
    }
  }

  private static func search(_ wanted: [UInt8], in text: [UInt8]) {
    let query = SearchQuery(String(decoding: wanted, as: UTF8.self))
    let own = words(wanted)
    demand(query.matches(own), "a text does not hold its own words")
    demand(query.isEmpty == (own == [0x20]), "words without a query, or none with one")
    // The index's language: words in quotes, and nothing else.
    let quote = UInt8(ascii: "\"")
    for word in query.indexQuery.utf8.split(separator: UInt8(ascii: " ")) {
      demand(
        word.first == quote && word.last == quote && word.count > 2
          && !word.dropFirst().dropLast().contains(quote), query.indexQuery)
    }
    _ = query.matches(words(text))
  }

  private static func words(_ text: [UInt8]) -> [UInt8] {
    var words: [UInt8] = []
    // Sound: the bytes are read inside the closure alone.
    text.withUnsafeBytes { SearchWords.split($0, into: &words) }
    demand(words.first == 0x20 && words.last == 0x20, "no space around the words")
    demand(String(validating: words, as: UTF8.self) != nil, "words that are no UTF-8")
    return words
  }
}
