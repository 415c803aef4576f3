/// One full-text table of the index (https://www.sqlite.org/fts5.html): for each word, which lines
/// hold it. It holds no text, no positions and no sizes.
///
/// Thread: the index's.
final class WordTable {
  /// Pages that one step of a merge may write: some milliseconds.
  private static let pagesPerMerge = 500

  private let database: Database
  private let insertion: Statement
  private let removal: Statement
  private let lookup: Statement
  private let merging: Statement

  /// Makes the table of this name.
  static func make(_ name: String, in database: Database) throws(HistoryError) {
    // The tokenizer ascii cuts at what is neither letter nor digit of ASCII nor beyond ASCII. In what
    // SearchWords makes that is the space alone, and so the words are ours.
    try database.execute(
      """
      CREATE VIRTUAL TABLE \(name) USING
        fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'ascii')
      """)
  }

  /// Opens the table of this name.
  init(_ name: String, in database: Database) throws(HistoryError) {
    self.database = database
    insertion = try Statement(
      "INSERT INTO \(name) (rowid, words) VALUES (?, ?)", in: database)
    removal = try Statement(
      "INSERT INTO \(name) (\(name), rowid, words) VALUES ('delete', ?, ?)", in: database)
    lookup = try Statement(
      """
      SELECT rowid FROM \(name) WHERE \(name) MATCH ? AND rowid BETWEEN ? AND ?
      ORDER BY rowid DESC
      """, in: database)
    merging = try Statement(
      "INSERT INTO \(name) (\(name), rank) VALUES ('merge', \(-Self.pagesPerMerge))", in: database)
  }

  /// Adds a line's words.
  func insert(_ row: Int64, _ words: [UInt8]) throws(HistoryError) {
    try words.span.withUnsafeBytes { words throws(HistoryError) in
      try insertion.run(.integer(row), .stillText(words))
    }
  }

  /// Takes a line's words out again: exactly those that were added. Until it is merged the file holds
  /// them all the same, as ones that were taken out.
  func remove(_ row: Int64, _ words: [UInt8]) throws(HistoryError) {
    try words.span.withUnsafeBytes { words throws(HistoryError) in
      try removal.run(.integer(row), .stillText(words))
    }
  }

  /// Hands over the rows that a query finds, the greatest first, as long as `body` wants more.
  func find(
    _ query: String, in rows: ClosedRange<Int64>,
    _ body: (Int64) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    try lookup.each(
      .text(query), .integer(rows.lowerBound), .integer(rows.upperBound)
    ) { row throws(HistoryError) in try body(row.integer(0)) }
  }

  /// Does a step of putting the whole table in order, which ends what was taken out.
  ///
  /// - Returns: whether it is in order.
  func merge() throws(HistoryError) -> Bool {
    let before = database.changeCount
    try merging.run()
    // "if the difference is less than 2, then the 'merge' command was a no-op" (fts5.html, 6.8).
    return database.changeCount - before < 2
  }
}
