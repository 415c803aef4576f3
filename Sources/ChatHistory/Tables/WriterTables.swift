internal import ChatCore
internal import ChatSystem

/// The history's tables as its writer has them open: the statements, prepared once.
///
/// Thread: the writer's.
final class WriterTables {
  /// Files up to this size are read through when they are opened: 60 ms for 50 MiB that lie in memory.
  /// What is wrong with larger ones is noticed where it is met.
  private static let checkedBytes: Int64 = 268_435_456

  private let path: FilePath
  /// The files that are open: the database, its log, and the log's index.
  private let marks: [FileIdentity?]
  private let database: Database
  private let roomNamed: Statement
  private let insertRoom: Statement
  private let insertGroup: Statement
  private let insertFile: Statement
  private let updateEmptied: Statement
  private let expired: Statement
  private let oldestGroups: Statement
  private let rememberDeleted: Statement
  private let deleteGroups: Statement
  private let deleteFiles: Statement
  private let deleteRoom: Statement
  private let updateProgress: Statement

  /// A room as archiving has to know it.
  private struct ArchivedRoom {
    let id: Int64
    /// The number of its last line in the database, and where that ends.
    var sequence: UInt64
    var position: UInt64
    /// Whether the database has it as empty, if it is private.
    var isEmptied: Bool
  }

  /// How many rooms are remembered between two batches.
  private static let rememberedRooms = 10_000
  private var archivedRooms: [String: ArchivedRoom] = [:]

  /// The id of the next group. Kept here: SQLite's own AUTOINCREMENT would write one more page in each
  /// commit.
  private var nextGroup: Int64

  /// Opens, makes or migrates a folder's history.
  ///
  /// - Throws: `HistoryError`; of kind `damaged` if the file is not sound, `tooNew` if a later release
  ///   wrote it. It is left as it was found.
  init(folder: FilePath) throws(HistoryError) {
    let path = HistoryFile.path(in: folder)
    let database = try Database(path: path, for: .writing)
    // No other process writes here. One that does all the same must not keep the queue for long.
    try database.execute("PRAGMA busy_timeout = 50")
    let found = try database.integer("PRAGMA user_version")
    try HistorySchema.checkNotNewer(found, path: path)
    // Before the first byte is written to it.
    try Self.check(database)
    try HistorySchema.migrate(database, from: found)
    roomNamed = try Statement("\(StoredRoom.query) name = ?", in: database)
    insertRoom = try Statement(
      """
      INSERT INTO rooms (name, private, sequence, position) VALUES (?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET
        sequence = max(sequence, excluded.sequence), position = max(position, excluded.position)
      """, in: database)
    insertGroup = try Statement(
      """
      INSERT INTO groups (id, room, first, count, position, time, bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """, in: database)
    insertFile = try Statement(
      """
      INSERT OR IGNORE INTO files (room, sequence, id, name, size, digest, sender, time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """, in: database)
    updateEmptied = try Statement(
      "UPDATE rooms SET emptied = ? WHERE id = ? AND private", in: database)
    expired = try Statement(
      "\(StoredRoom.query) private AND emptied < ? ORDER BY emptied LIMIT ?", in: database)
    oldestGroups = try Statement(
      """
      SELECT max(id), max(first), max(first + count - 1), count(*) FROM
        (SELECT id, first, count FROM groups WHERE room = ? ORDER BY first LIMIT ?)
      """, in: database)
    rememberDeleted = try Statement(
      "UPDATE history SET last_deleted = max(last_deleted, ?)", in: database)
    deleteGroups = try Statement(
      "DELETE FROM groups WHERE room = ? AND first <= ?", in: database)
    deleteFiles = try Statement(
      "DELETE FROM files WHERE room = ? AND sequence <= ?", in: database)
    deleteRoom = try Statement("DELETE FROM rooms WHERE id = ?", in: database)
    updateProgress = try Statement("UPDATE history SET journal = ?, archived = ?", in: database)
    let lastGroup = try database.integer(HistorySchema.lastGroupQuery)
    nextGroup = lastGroup + 1
    self.database = database
    self.path = path
    marks = Self.marks(path)
    database.setLeavesFilesOnClose(false)
  }

  private static func marks(_ path: FilePath) -> [FileIdentity?] {
    ["", "-wal", "-shm"].map { path.withSuffix($0).status?.identity }
  }

  /// Whether the files that are open still lie where they were.
  var place: HistoryWriter.Place {
    let present = Self.marks(path)
    if present == marks { return .there }
    return present[0] == marks[0] ? .logGone : .gone
  }

  /// Copies all that was committed, the log included, into a new file (sqlite.org/lang_vacuum.html, VACUUM INTO).
  func copy(to path: FilePath) throws(HistoryError) {
    let name = path.explicit.bytes
    let statement = try Statement("VACUUM INTO CAST(? AS TEXT)", in: database)
    try name.span.withUnsafeBytes { name throws(HistoryError) in try statement.run(.bytes(name)) }
  }

  /// From now on closing does not touch the files.
  func leaveFilesOnClose() { database.setLeavesFilesOnClose(true) }

  /// The room of this name; `nil` if there is none.
  func room(named name: String) throws(HistoryError) -> StoredRoom? {
    try roomNamed.first(.text(name)) { StoredRoom($0) }
  }

  /// Makes a room, or notes the numbers that one has used up.
  func makeRoom(
    named name: String, isPrivate: Bool, sequence: UInt64, position: UInt64
  ) throws(HistoryError) {
    try insertRoom.run(
      .text(name), .integer(isPrivate ? 1 : 0), .unsigned(sequence), .unsigned(position))
  }

  // MARK: Archiving

  /// See `HistoryWriter.archive`.
  func archive(_ batch: ArchiveBatch, _ progress: JournalProgress) throws(HistoryError) {
    let firstID = nextGroup
    do throws(HistoryError) {
      try database.transaction { () throws(HistoryError) in
        for item in batch.items {
          switch item {
          case .lines(let lines): try archive(lines)
          case .emptied(let name, let time):
            guard let room = try archived(name) else { continue }
            try updateEmptied.run(.integer(time), .integer(room.id))
            archivedRooms[name]?.isEmptied = true
          }
        }
        try updateProgress.run(
          .integer(Int64(bitPattern: progress.identity)), .unsigned(progress.position))
      }
    } catch {
      nextGroup = firstID
      archivedRooms = [:]
      throw error
    }
  }

  private func archive(_ lines: ArchiveBatch.Lines) throws(HistoryError) {
    let isPrivate = (try? RoomName(lines.room))?.kind == .private
    if try archived(lines.room) == nil {
      try makeRoom(named: lines.room, isPrivate: isPrivate, sequence: 0, position: 0)
    }
    guard var room = try archived(lines.room) else {
      throw HistoryError(.other, "the room \(lines.room) was made and is not there")
    }
    // After a crash, or where the database was replaced, it may have some of them.
    guard let lines = lines.dropping(through: room.sequence), lines.position >= room.position
    else { return }
    try lines.bytes.span.withUnsafeBytes { bytes throws(HistoryError) in
      try insertGroup.run(
        .integer(nextGroup), .integer(room.id), .unsigned(lines.firstSequence),
        .integer(Int64(lines.lineCount)), .unsigned(lines.position),
        .integer(lines.timeMilliseconds), .bytes(bytes))
    }
    nextGroup += 1
    for file in lines.files { try insert(file, room.id, at: lines.timeMilliseconds) }
    if room.isEmptied { try updateEmptied.run(.null, .integer(room.id)) }
    (room.sequence, room.position) = (lines.nextSequence - 1, lines.endPosition)
    room.isEmptied = false
    archivedRooms[lines.room] = room
  }

  /// How far a room is archived; `nil` if it is not in the database.
  private func archived(_ name: String) throws(HistoryError) -> ArchivedRoom? {
    if let room = archivedRooms[name] { return room }
    guard let stored = try room(named: name) else { return nil }
    // It is quickly found again.
    if archivedRooms.count >= Self.rememberedRooms { archivedRooms = [:] }
    let room = ArchivedRoom(
      id: stored.id, sequence: stored.archivedSequence, position: stored.archivedPosition,
      isEmptied: stored.emptiedMilliseconds != nil)
    archivedRooms[name] = room
    return room
  }

  /// See `HistoryWriter.progress`.
  func progress() throws(HistoryError) -> JournalProgress {
    try HistorySchema.progress(in: database)
  }

  /// See `HistoryWriter.sync`. What is not in the log any more reached the disk when SQLite wrote it back.
  func sync() throws(HistoryError) {
    do throws(SystemError) {
      // SQLite's locks are on its other files: closing this descriptor gives none of them up.
      try RegularFile(toRead: path.withSuffix("-wal")).sync()
    } catch {
      throw HistoryError(.full, "\(path)-wal: \(error.reason)")
    }
  }

  /// See `HistoryWriter.restore`.
  func restore(_ room: HistoryWriter.RestoredRoom) throws(HistoryError) -> StoredRoom {
    try makeRoom(
      named: room.name, isPrivate: room.isPrivate, sequence: room.sequence,
      position: room.position)
    guard let stored = try self.room(named: room.name) else {
      throw HistoryError(.other, "the room \(room.name) was made and is not there")
    }
    try setEmptied(stored.id, at: room.emptiedMilliseconds)
    return stored
  }

  /// See `HistoryWriter.restoreFiles`.
  func restoreFiles(_ files: [(room: Int64, file: SharedFile)]) throws(HistoryError) {
    try database.transaction { () throws(HistoryError) in
      for (room, file) in files { try insert(file, room, at: file.timeMilliseconds) }
    }
  }

  /// Runs `body` as one transaction.
  func transaction<Result>(
    _ body: () throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result { try database.transaction(body) }

  private func insert(
    _ file: SharedFile, _ room: Int64, at timeMilliseconds: Int64
  ) throws(HistoryError) {
    try insertFile.run(
      .integer(room), .unsigned(file.sequence), .text(file.id), .text(file.name),
      .unsigned(file.sizeBytes), .text(file.digest.hex), .text(file.sender),
      .integer(timeMilliseconds))
  }

  /// See `HistoryWriter.setEmptied`.
  func setEmptied(_ room: Int64, at time: Int64?) throws(HistoryError) {
    try updateEmptied.run(time.map { .integer($0) } ?? .null, .integer(room))
    archivedRooms = [:]
  }

  /// See `HistoryWriter.moveEmptied`.
  func moveEmptied(by milliseconds: Int64) throws(HistoryError) {
    try Statement("UPDATE rooms SET emptied = emptied + ? WHERE private", in: database)
      .run(.integer(milliseconds))
  }

  /// See `HistoryWriter.markAllEmptied`.
  func markAllEmptied(at time: Int64) throws(HistoryError) {
    try Statement(
      "UPDATE rooms SET emptied = ?1 WHERE private AND (emptied IS NULL OR emptied > ?1)",
      in: database
    ).run(.integer(time))
    archivedRooms = [:]
  }

  /// See `HistoryWriter.expiredRooms`.
  func expiredRooms(before time: Int64, limit: Int) throws(HistoryError) -> [StoredRoom] {
    var rooms: [StoredRoom] = []
    try expired.each(.integer(time), .integer(Int64(limit))) { row in
      rooms.append(StoredRoom(row))
      return true
    }
    return rooms
  }

  /// See `HistoryWriter.delete`.
  func delete(_ room: Int64, limit: Int) throws(HistoryError) -> Bool {
    try database.transaction { () throws(HistoryError) in
      let oldest = try oldestGroups.first(.integer(room), .integer(Int64(max(1, limit)))) {
        (
          id: $0.integer(0), first: $0.integer(1), lastSequence: $0.integer(2),
          count: $0.integer(3)
        )
      }
      if let oldest, oldest.count > 0 {
        try rememberDeleted.run(.integer(oldest.id))
        try deleteGroups.run(.integer(room), .integer(oldest.first))
        try deleteFiles.run(.integer(room), .integer(oldest.lastSequence))
        guard oldest.count < limit else { return false }
      }
      // There are none, unless one was given a number that no line has.
      try deleteFiles.run(.integer(room), .unsigned(.max))
      try deleteRoom.run(.integer(room))
      archivedRooms = [:]
      return true
    }
  }

  /// See `HistoryWriter.limitPages`.
  func limitPages(to count: Int) throws(HistoryError) {
    // No limit is the greatest number of pages that SQLite knows.
    try database.execute("PRAGMA max_page_count = \(count == 0 ? 1_073_741_823 : count)")
  }

  /// Reads the file through, if it is small enough.
  private static func check(_ database: Database) throws(HistoryError) {
    let bytes =
      try database.integer("PRAGMA page_count") * database.integer("PRAGMA page_size")
    guard bytes <= checkedBytes else { return }
    let answer = try Statement("PRAGMA quick_check(1)", in: database).first { $0.text(0) }
    guard answer == "ok" else {
      throw HistoryError(.damaged, "\(database.path): \(answer ?? "not checked")")
    }
  }
}
