/// A room as the history has it.
package struct StoredRoom: Sendable, Equatable {
  /// Its number in this history, never given to another room.
  package let id: Int64
  /// Its name; for a private room its code.
  package let name: String
  /// Whether only its code leads there.
  package let isPrivate: Bool
  /// The number of its last line; 0 before the first.
  package let lastSequence: UInt64
  /// Where its next byte goes: how many there were since it began.
  package let endPosition: UInt64

  /// Describes a room.
  package init(
    id: Int64, name: String, isPrivate: Bool, lastSequence: UInt64, endPosition: UInt64
  ) {
    self.id = id
    self.name = name
    self.isPrivate = isPrivate
    self.lastSequence = lastSequence
    self.endPosition = endPosition
  }
}

extension StoredRoom {
  /// Asks for rooms, each with its last group; what comes after WHERE is the caller's.
  static let query = """
    SELECT rooms.id, name, private, sequence, rooms.position,
      first + count - 1, groups.position + length(bytes)
    FROM rooms LEFT JOIN groups ON groups.id =
      (SELECT id FROM groups WHERE room = rooms.id ORDER BY first DESC LIMIT 1)
    WHERE
    """

  /// Reads a row of `query`.
  init(_ row: Statement.Row) {
    self.init(
      id: row.integer(0), name: row.text(1), isPrivate: row.integer(2) != 0,
      lastSequence: max(row.unsigned(3), row.unsigned(5)),
      endPosition: max(row.unsigned(4), row.unsigned(6)))
  }
}
