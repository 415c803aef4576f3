internal import ChatCore
internal import ChatSystem

/// The history's tables as a reader has them open: the statements, prepared once.
///
/// Thread: its reader's.
final class ReaderTables {
  /// Where the file lies.
  let path: FilePath
  /// Which file it is.
  let mark: FileIdentity
  /// The history's own random name, which an index has to match.
  let identity: [UInt8]

  private let database: Database
  private let roomNamed: Statement
  private let lastGroup: Statement
  private let groupOfID: Statement
  private let groupsForward: Statement
  private let groupsBackward: Statement
  private let groupsByID: Statement
  private let countsBackward: Statement
  private let roomOfID: Statement
  private let groupsByPosition: Statement
  private let filesOfLines: Statement

  /// Opens a folder's history.
  ///
  /// - Parameter isCopy: it may be a copy in a folder that we may not write to; no other process does, then.
  /// - Throws: `HistoryError`, of kind `other` if there is none.
  init(folder: FilePath, isCopy: Bool = false) throws(HistoryError) {
    let path = HistoryFile.path(in: folder)
    let database: Database
    let mark: FileIdentity
    do throws(HistoryError) { (database, mark) = try Self.open(path, for: .reading) } catch {
      guard isCopy, error.kind == .full, !folder.isWritable else { throw error }
      guard path.withSuffix("-wal").status?.sizeBytes ?? 0 == 0 else {
        throw HistoryError(
          .other,
          "\(path) has a log beside it, and its lines can't be read where nothing can be written: "
            + "copy the whole folder to where you may write, and export from there")
      }
      (database, mark) = try Self.open(path, for: .readingCopy)
    }
    self.path = path
    self.mark = mark
    self.database = database
    let columns = StoredGroup.columns
    identity =
      try Statement("SELECT identity FROM history", in: database).first { Array($0.bytes(0)) } ?? []
    roomNamed = try Statement("\(StoredRoom.query) name = ?", in: database)
    lastGroup = try Statement(HistorySchema.lastGroupQuery, in: database)
    groupOfID = try Statement("SELECT \(columns) FROM groups WHERE id = ?", in: database)
    groupsForward = try Statement(
      """
      SELECT \(columns) FROM groups WHERE room = ?1 AND first < ?3 AND first >= coalesce(
        (SELECT first FROM groups WHERE room = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0)
      ORDER BY first
      """, in: database)
    groupsBackward = try Statement(
      "SELECT \(columns) FROM groups WHERE room = ? AND first < ? ORDER BY first DESC", in: database
    )
    groupsByID = try Statement(
      "SELECT \(columns) FROM groups WHERE id > ? ORDER BY id", in: database)
    countsBackward = try Statement(
      "SELECT first, count FROM groups WHERE room = ? AND first < ? ORDER BY first DESC",
      in: database)
    roomOfID = try Statement("\(StoredRoom.query) rooms.id = ?", in: database)
    groupsByPosition = try Statement(
      """
      SELECT position, bytes FROM groups WHERE room = ?1 AND position >= coalesce(
        (SELECT position FROM groups WHERE room = ?1 AND position <= ?2
         ORDER BY position DESC LIMIT 1), 0)
      ORDER BY position
      """, in: database)
    filesOfLines = try Statement(
      "SELECT sequence, id FROM files WHERE room = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
      in: database)
  }

  /// Opens a file, and makes sure that it is the one whose log it reads.
  private static func open(
    _ path: FilePath, for purpose: Database.Purpose
  ) throws(HistoryError) -> (Database, FileIdentity) {
    try HistoryFile.exchange.withLock { () throws(HistoryError) in
      while true {
        guard let mark = path.status?.identity else {
          throw HistoryError(.other, "there is no history at \(path)")
        }
        let database = try Database(path: path, for: purpose)
        // This is the first use, which opens the log.
        let version = try database.integer("PRAGMA user_version")
        guard path.status?.identity == mark else { continue }
        try HistorySchema.checkNotNewer(version, path: path)
        guard version == HistorySchema.version else {
          throw HistoryError(
            .other, "\(path) was written by an earlier release: start the server on it once")
        }
        return (database, mark)
      }
    }
  }

  /// See `HistoryReader.progress`.
  func progress() throws(HistoryError) -> JournalProgress {
    try HistorySchema.progress(in: database)
  }

  /// Writes the log back and cuts it off, unless it is in use: it does not wait. That a query-only connection may do so
  /// is documented (pragma.html).
  func emptyLog() throws(HistoryError) {
    try database.execute("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)")
  }

  /// The room of this name; `nil` if there is none.
  func room(named name: String) throws(HistoryError) -> StoredRoom? {
    try roomNamed.first(.text(name)) { StoredRoom($0) }
  }

  /// The room of this number; `nil` if there is none.
  func room(_ id: Int64) throws(HistoryError) -> StoredRoom? {
    try roomOfID.first(.integer(id)) { StoredRoom($0) }
  }

  /// The id of the last group that there ever was.
  func lastGroupID() throws(HistoryError) -> Int64 {
    try lastGroup.first { $0.integer(0) } ?? 0
  }

  /// Hands over the group of an id, if it is there.
  func group<Result>(
    _ id: Int64, read: (StoredGroup) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result? {
    try groupOfID.first(.integer(id)) { row throws(HistoryError) in try read(StoredGroup(row)) }
  }

  /// Hands over all groups after one, in the order they were committed, as long as `body` wants more.
  func eachGroup(
    after id: Int64, _ body: (StoredGroup) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    try groupsByID.each(.integer(id)) { row throws(HistoryError) in try body(StoredGroup(row)) }
  }

  /// Hands over a room's groups, the newest first, from the one that holds the line before `end`.
  func eachGroupBackward(
    of room: Int64, before end: UInt64, _ body: (StoredGroup) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    try groupsBackward.each(.integer(room), .unsigned(end)) { row throws(HistoryError) in
      try body(StoredGroup(row))
    }
  }

  /// Hands over a room's groups, the oldest first, from the one that holds the line after `sequence`.
  func eachGroupForward(
    of room: Int64, after sequence: UInt64, before end: UInt64?,
    _ body: (StoredGroup) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    try groupsForward.each(
      .integer(room), .unsigned(sequence == .max ? .max : sequence + 1), .unsigned(end ?? .max)
    ) { row throws(HistoryError) in try body(StoredGroup(row)) }
  }

  /// One line of a room, without its file; `nil` if it is not there.
  func line(_ sequence: UInt64, of room: Int64) throws(HistoryError) -> PastLine? {
    var line: PastLine?
    try eachGroupBackward(of: room, before: sequence + 1) { group throws(HistoryError) in
      line = try group.line(sequence)
      return false
    }
    return line
  }

  /// See `HistoryReader.lines`.
  func lines(
    of room: Int64, after sequence: UInt64, before end: UInt64?, limit: Int, byteLimit: Int
  ) throws(HistoryError) -> [PastLine] {
    var lines: [PastLine] = []
    guard limit > 0 else { return [] }
    var byteCount = 0
    var isFull = false
    try eachGroupForward(of: room, after: sequence, before: end) { group throws(HistoryError) in
      try group.eachLine { number, line in
        guard number > sequence else { return true }
        byteCount += line.count
        isFull =
          number >= end ?? .max || lines.count == limit || (byteCount > byteLimit && !lines.isEmpty)
        if !isFull { lines.append(group.pastLine(number, line)) }
        return !isFull
      }
      return !isFull && lines.count < limit
    }
    try noteFiles(in: &lines, of: room)
    return lines
  }

  /// Notes which files some of a room's lines announce, the oldest line first.
  ///
  /// What was committed with a line is there whenever the line is: this may be asked afterwards. It is
  /// one query where the lines follow each other, or have no files between them. Where they lie far
  /// apart, files of lines that are not among them are jumped over, however many they are.
  func noteFiles(in lines: inout [PastLine], of room: Int64) throws(HistoryError) {
    guard let last = lines.last else { return }
    var next = lines.startIndex
    var isThrough = false
    while !isThrough {
      isThrough = true
      try filesOfLines.each(
        .integer(room), .unsigned(lines[next].sequence), .unsigned(last.sequence)
      ) { row in
        let sequence = row.unsigned(0)
        let start = next
        while next < lines.endIndex, lines[next].sequence < sequence { next += 1 }
        // The last line is not passed, unless a damaged file has put them out of order.
        guard next < lines.endIndex else { return false }
        guard lines[next].sequence != sequence else {
          lines[next].file = row.text(1)
          return true
        }
        // Asked again from the next line on; only in a damaged file is that where it began.
        isThrough = next == start
        return false
      }
    }
  }

  /// See `HistoryReader.files`.
  func eachFile(_ body: (SharedFile) -> Void) throws(HistoryError) {
    // In the order in which they were committed, whatever the clock said then.
    let query = """
      SELECT files.id, files.name, size, digest, sender, files.sequence, rooms.name, time
      FROM files JOIN rooms ON rooms.id = files.room
      ORDER BY (SELECT groups.id FROM groups WHERE groups.room = files.room
        AND groups.first <= files.sequence ORDER BY groups.first DESC LIMIT 1),
        files.room, files.sequence
      """
    try Statement(query, in: database).each { row in
      guard let digest = SHA256Digest(hex: row.text(3)) else { return true }
      body(
        SharedFile(
          id: row.text(0), name: row.text(1), room: row.text(6), sender: row.text(4),
          sizeBytes: row.unsigned(2), digest: digest, timeMilliseconds: row.integer(7),
          sequence: row.unsigned(5)))
      return true
    }
  }

  /// See `HistoryReader.sequence`.
  func sequence(
    beforeLast count: Int, of room: Int64, before end: UInt64?
  ) throws(HistoryError) -> UInt64 {
    var missing = UInt64(clamping: count)
    var result: UInt64?
    try countsBackward.each(.integer(room), .unsigned(end ?? .max)) { row in
      // Never 0, unless the file is damaged.
      let first = max(1, row.unsigned(0))
      let groupEnd = max(first, min(first + row.unsigned(1), end ?? .max))
      let taken = min(missing, groupEnd - first)
      missing -= taken
      result = groupEnd - taken - 1
      return missing > 0
    }
    return result ?? 0
  }

  /// See `HistoryReader.bytes`.
  func bytes(
    of room: Int64, from position: UInt64, limit: Int
  ) throws(HistoryError) -> [UInt8]? {
    var bytes: [UInt8] = []
    var next = position
    let limit = max(1, limit)
    try groupsByPosition.each(.integer(room), .unsigned(position)) { row in
      let start = row.unsigned(0)
      let group = row.bytes(1)
      guard start <= next, next - start < UInt64(group.count) else {
        // A group that ends here says nothing; one that begins later, or holds less, is a gap.
        return start < next && bytes.isEmpty
      }
      bytes.append(contentsOf: group[Int(next - start)...].prefix(limit - bytes.count))
      next = position + UInt64(bytes.count)
      return bytes.count < limit
    }
    if !bytes.isEmpty { return bytes }
    return try self.room(room)?.endPosition == position ? [] : nil
  }
}
