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
  /// The number of the last line that is in the history, and where it ends; 0 if none is.
  let archivedSequence: UInt64
  let archivedPosition: UInt64
  /// Since when it is empty, if it is private: milliseconds since 1970, UTC; `nil` if it has members.
  let emptiedMilliseconds: Int64?

  /// Whether it is the same room, and has come as far.
  package static func == (one: StoredRoom, other: StoredRoom) -> Bool {
    one.id == other.id && one.name == other.name && one.isPrivate == other.isPrivate
      && one.lastSequence == other.lastSequence && one.endPosition == other.endPosition
  }
}

extension StoredRoom {
  /// Asks for rooms, each with its last group; what comes after WHERE is the caller's.
  static let query = """
    SELECT rooms.id, name, private, sequence, rooms.position,
      first + count - 1, groups.position + length(bytes), emptied
    FROM rooms LEFT JOIN groups ON groups.id =
      (SELECT id FROM groups WHERE room = rooms.id ORDER BY first DESC LIMIT 1)
    WHERE
    """

  /// Reads a row of `query`.
  init(_ row: Statement.Row) {
    (id, name, isPrivate) = (row.integer(0), row.text(1), row.integer(2) != 0)
    (archivedSequence, archivedPosition) = (row.unsigned(5), row.unsigned(6))
    lastSequence = max(row.unsigned(3), archivedSequence)
    endPosition = max(row.unsigned(4), archivedPosition)
    emptiedMilliseconds = row.isNull(7) ? nil : row.integer(7)
  }
}
