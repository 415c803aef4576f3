internal import ChatSystem

/// The search index as it lies in its file: the words, how far they go, and what was forgotten.
///
/// All of it is derived from the history; a file that does not fit is recreated.
///
/// Thread: the index's.
final class SearchTables {
  /// How a room stands in the index.
  struct Slot {
    /// Its place among the rows: `row(_:)`.
    let number: Int64
    /// Which table holds its words.
    let isPrivate: Bool
    /// If it is being forgotten: up to which line its words were taken out.
    let forgottenUpTo: UInt64?
    /// And the last group that was indexed when that began: later ones never were.
    let lastIndexedGroup: Int64?

    /// The row of a line. Limit: 2^40 lines in a room, 2^23 rooms at a time.
    func row(_ sequence: UInt64) -> Int64 { number << 40 | Int64(min(sequence, Self.lastLine)) }

    /// The line of a row.
    static func sequence(ofRow row: Int64) -> UInt64 { UInt64(bitPattern: row) & lastLine }

    private static let lastLine: UInt64 = (1 << 40) - 1
  }

  private static let version: Int64 = 1

  private static let schema = """
    CREATE TABLE progress (
      identity BLOB NOT NULL,
      last_group INTEGER NOT NULL, room INTEGER NOT NULL, first INTEGER NOT NULL,
      time INTEGER NOT NULL,
      unmerged_public INTEGER NOT NULL, unmerged_private INTEGER NOT NULL);
    CREATE TABLE rooms (
      slot INTEGER PRIMARY KEY, room INTEGER NOT NULL UNIQUE, private INTEGER NOT NULL,
      forgotten INTEGER, last_group INTEGER);
    CREATE INDEX rooms_by_forgotten ON rooms (forgotten) WHERE forgotten IS NOT NULL;
    PRAGMA user_version = \(version);
    """

  private let path: FilePath
  private let marks: [FileIdentity?]
  private let database: Database
  /// Public and private rooms stand apart: private ones end, and their end makes work for a whole
  /// table.
  private let publicWords: WordTable
  private let privateWords: WordTable
  private let slotOfRoom: Statement
  private let insertSlot: Statement
  private let updateForgotten: Statement
  private let updateProgress: Statement

  /// The history that the words are of.
  let identity: [UInt8]
  /// The last group whose words are in here.
  private(set) var lastGroup: Int64

  /// Opens a folder's index, or makes an empty one if what is there does not fit the history.
  static func open(folder: FilePath, reader: ReaderTables) throws(HistoryError) -> SearchTables {
    let path = folder.appending("search.db")
    do throws(HistoryError) {
      let tables = try SearchTables(path: path)
      if try tables.fits(reader) { return tables }
    } catch  where error.kind == .damaged || error.kind == .other {
      // Another version's tables, or none.
    }
    remove(folder: folder)
    try make(path, identity: reader.identity)
    return try SearchTables(path: path)
  }

  /// Removes a folder's index, which is not open.
  static func remove(folder: FilePath) {
    let path = folder.appending("search.db")
    for suffix in ["-shm", "-wal", ""] { try? path.withSuffix(suffix).remove() }
  }

  private static func make(_ path: FilePath, identity: [UInt8]) throws(HistoryError) {
    let database = try Database(path: path, for: .writing)
    try database.transaction { () throws(HistoryError) in
      try database.execute(schema)
      try WordTable.make("public_words", in: database)
      try WordTable.make("private_words", in: database)
      let insertion = try Statement(
        "INSERT INTO progress VALUES (?, 0, 0, 0, 0, 0, 0)", in: database)
      try identity.span.withUnsafeBytes { identity throws(HistoryError) in
        try insertion.run(.bytes(identity))
      }
    }
  }

  private init(path: FilePath) throws(HistoryError) {
    let database = try Database(path: path, for: .writing)
    guard try database.integer("PRAGMA user_version") == Self.version else {
      throw HistoryError(.other, "\(path) is of another version")
    }
    self.database = database
    publicWords = try WordTable("public_words", in: database)
    privateWords = try WordTable("private_words", in: database)
    slotOfRoom = try Statement(
      "SELECT slot, private, forgotten, last_group FROM rooms WHERE room = ?", in: database)
    // Slots of rooms that are gone are used again, once there are no greater ones left.
    insertSlot = try Statement(
      """
      INSERT INTO rooms (slot, room, private) SELECT
        CASE WHEN coalesce(max(slot), 0) < 8388607 THEN coalesce(max(slot), 0) + 1
        ELSE (SELECT min(slot) + 1 FROM rooms AS one WHERE NOT EXISTS
          (SELECT 1 FROM rooms AS two WHERE two.slot = one.slot + 1)) END,
        ?, ? FROM rooms
      """, in: database)
    updateForgotten = try Statement(
      "UPDATE rooms SET forgotten = ?, last_group = coalesce(last_group, ?) WHERE room = ?",
      in: database)
    updateProgress = try Statement(
      "UPDATE progress SET last_group = ?, room = ?, first = ?, time = ?", in: database)
    let progress = try Statement("SELECT identity, last_group FROM progress", in: database)
      .first { (identity: Array($0.bytes(0)), lastGroup: $0.integer(1)) }
    guard let progress else { throw HistoryError(.other, "\(path) is empty") }
    (identity, lastGroup) = progress
    self.path = path
    marks = Self.marks(path)
    database.setLeavesFilesOnClose(false)
  }

  private static func marks(_ path: FilePath) -> [FileIdentity?] {
    ["", "-wal", "-shm"].map { path.withSuffix($0).status?.identity }
  }

  /// Whether the files that are open still lie where they were.
  var isInPlace: Bool { Self.marks(path) == marks }

  /// Whether a call has found the file damaged.
  var isDamaged: Bool { database.isDamaged }

  /// From now on closing does not touch the files.
  func leaveFilesOnClose() { database.setLeavesFilesOnClose(true) }

  /// Whether these are the words of this history: the same one, and its last group is still what was
  /// indexed (after a power failure it may be another).
  private func fits(_ reader: ReaderTables) throws(HistoryError) -> Bool {
    guard identity == reader.identity, try lastGroup <= reader.lastGroupID() else { return false }
    let last = try Statement("SELECT room, first, time FROM progress", in: database)
      .first { [$0.integer(0), $0.integer(1), $0.integer(2)] }
    let found = try reader.group(lastGroup) { group throws(HistoryError) in
      [group.room, Int64(clamping: group.firstSequence), group.timeMilliseconds]
    }
    return found == nil || found == last
  }

  /// Runs `body` as one transaction; what it did not commit is forgotten here too.
  func transaction<Result>(
    _ body: () throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    let last = lastGroup
    do throws(HistoryError) {
      return try database.transaction(body)
    } catch {
      lastGroup = last
      throw error
    }
  }

  /// Notes how far the words go: inside their transaction.
  func setProgress(
    group: Int64, room: Int64, first: UInt64, time: Int64
  ) throws(HistoryError) {
    try updateProgress.run(.integer(group), .integer(room), .unsigned(first), .integer(time))
    lastGroup = group
  }

  /// How a room stands here; `nil` if it does not.
  func slot(of room: Int64) throws(HistoryError) -> Slot? {
    try slotOfRoom.first(.integer(room)) {
      Slot(
        number: $0.integer(0), isPrivate: $0.integer(1) != 0,
        forgottenUpTo: $0.isNull(2) ? nil : $0.unsigned(2),
        lastIndexedGroup: $0.isNull(3) ? nil : $0.integer(3))
    }
  }

  /// Gives a room a place.
  func makeSlot(of room: Int64, isPrivate: Bool) throws(HistoryError) {
    try insertSlot.run(.integer(room), .integer(isPrivate ? 1 : 0))
  }

  /// The table that holds a room's words.
  func words(of slot: Slot) -> WordTable { slot.isPrivate ? privateWords : publicWords }

  /// Notes up to which line a room's words were taken out.
  func setForgotten(_ room: Int64, upTo sequence: UInt64) throws(HistoryError) {
    try updateForgotten.run(.unsigned(sequence), .integer(lastGroup), .integer(room))
  }

  /// Notes that words were taken out of a room's table, which has to be merged therefore.
  func setUnmerged(_ slot: Slot) throws(HistoryError) {
    try database.execute(
      "UPDATE progress SET unmerged_\(slot.isPrivate ? "private" : "public") = 1")
  }

  /// Does a step of ending what was taken out.
  ///
  /// - Returns: whether nothing of it is left in the file, nor in the log beside it.
  func merge() throws(HistoryError) -> Bool {
    for (table, flag) in [
      (publicWords, "unmerged_public"), (privateWords, "unmerged_private"),
    ] where try database.integer("SELECT \(flag) FROM progress") != 0 {
      guard try table.merge() else { return false }
      try database.execute("UPDATE progress SET \(flag) = 0")
      try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
    return true
  }

  /// Rooms whose words were taken out, some of them.
  func forgottenRooms() throws(HistoryError) -> [Int64] {
    var rooms: [Int64] = []
    try Statement("SELECT room FROM rooms WHERE forgotten IS NOT NULL LIMIT 100", in: database)
      .each { row in
        rooms.append(row.integer(0))
        return true
      }
    return rooms
  }

  /// Forgets that there was a room.
  func removeSlot(of room: Int64) throws(HistoryError) {
    try Statement("DELETE FROM rooms WHERE room = ?", in: database).run(.integer(room))
  }
}
