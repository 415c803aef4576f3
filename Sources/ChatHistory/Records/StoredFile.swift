/// A file that a line tells of, and where and when that was said.
package struct StoredFile: Sendable, Equatable {
  /// Which file, and which line.
  package let record: FileRecord
  /// The room's name; for a private room its code.
  package let room: String
  /// When the line was said: milliseconds since 1970, UTC.
  package let timeMilliseconds: Int64
}

extension StoredFile {
  /// Asks for all files in the order in which they were committed, whatever the clock said then.
  static let query = """
    SELECT files.id, files.name, size, digest, sender, files.sequence, rooms.name, time
    FROM files JOIN rooms ON rooms.id = files.room
    ORDER BY (SELECT groups.id FROM groups WHERE groups.room = files.room
      AND groups.first <= files.sequence ORDER BY groups.first DESC LIMIT 1),
      files.room, files.sequence
    """

  /// Reads a row of `query`.
  init(_ row: Statement.Row) {
    record = FileRecord(
      id: row.text(0), name: row.text(1), sizeBytes: row.unsigned(2), digest: row.text(3),
      sender: row.text(4), sequence: row.unsigned(5))
    room = row.text(6)
    timeMilliseconds = row.integer(7)
  }
}
