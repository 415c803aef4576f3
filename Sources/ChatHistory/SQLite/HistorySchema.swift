internal import ChatSystem

/// What a history's tables look like, and how those of earlier releases become so.
enum HistorySchema {
  /// The version of the tables that this release writes.
  static var version: Int64 { Int64(migrations.count) }

  /// Step `n` makes version `n + 1` of version `n`. What stands here was released: it never changes,
  /// steps are added.
  ///
  /// A group is what was committed together: whole lines, the bytes as they stand in the stream.
  /// `first` is the number of its first line, `position` that of its first byte. A group's id is never
  /// given twice: `history.last_deleted` remembers those that are gone. `rooms.sequence` and
  /// `rooms.position` are set where numbers were used up without a group.
  ///
  /// A row of `files` says which file a line announces. It is deleted with the line's group.
  ///
  /// `history.journal` and `history.archived` say which journal was archived, and up to which of its positions
  /// (`JournalProgress`).
  private static let migrations = [
    """
    CREATE TABLE history (identity BLOB NOT NULL, last_deleted INTEGER NOT NULL);
    INSERT INTO history VALUES (randomblob(16), 0);

    CREATE TABLE rooms (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      private INTEGER NOT NULL,
      emptied INTEGER,
      sequence INTEGER NOT NULL DEFAULT 0,
      position INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX rooms_by_emptied ON rooms (emptied) WHERE private;

    CREATE TABLE groups (
      id INTEGER PRIMARY KEY,
      room INTEGER NOT NULL,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL,
      position INTEGER NOT NULL,
      time INTEGER NOT NULL,
      bytes BLOB NOT NULL);
    CREATE UNIQUE INDEX groups_by_first ON groups (room, first);
    CREATE UNIQUE INDEX groups_by_position ON groups (room, position);
    """,
    """
    CREATE TABLE files (
      room INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      digest TEXT NOT NULL,
      sender TEXT NOT NULL,
      time INTEGER NOT NULL,
      PRIMARY KEY (room, sequence)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE history ADD COLUMN journal INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE history ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
    """,
  ]

  /// Asks for the id of the last group that there ever was.
  static let lastGroupQuery = """
    SELECT max(last_deleted, coalesce((SELECT max(id) FROM groups), 0)) FROM history
    """

  /// How far a journal was archived.
  static func progress(in database: Database) throws(HistoryError) -> JournalProgress {
    try Statement("SELECT journal, archived FROM history", in: database).first {
      JournalProgress(identity: UInt64(bitPattern: $0.integer(0)), position: $0.unsigned(1))
    } ?? JournalProgress(identity: 0, position: 0)
  }

  /// Brings a file from the version found there to this release's, each step all or nothing.
  static func migrate(_ database: Database, from found: Int64) throws(HistoryError) {
    for step in migrations.indices.dropFirst(Int(max(0, found))) {
      try database.transaction { () throws(HistoryError) in
        try database.execute(migrations[step])
        try database.execute("PRAGMA user_version = \(step + 1)")
      }
    }
  }

  /// Refuses tables that a later release wrote.
  ///
  /// - Throws: `HistoryError` of kind `tooNew`.
  static func checkNotNewer(_ found: Int64, path: FilePath) throws(HistoryError) {
    guard found <= version else {
      throw HistoryError(
        .tooNew,
        "\(path) was written by a later release (version \(found), this one knows \(version))")
    }
  }
}
