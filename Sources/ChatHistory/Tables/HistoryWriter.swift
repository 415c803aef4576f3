package import ChatCore
package import ChatSystem

/// What is archived goes through here: the one writer of `history.db`.
///
/// A commit reaches the system's memory, and so survives the process; it reaches the disk with `sync`, or when SQLite
/// writes its log back (https://www.sqlite.org/wal.html, synchronous=NORMAL).
///
/// Thread: one at a time, the history queue; a folder has one writer (`DataFolder`).
package final class HistoryWriter: @unchecked Sendable {
  // Safety: confined to the history queue.

  private let folder: FilePath
  /// `nil` where opening failed after the file was set aside: the next use tries again.
  private var tables: WriterTables?

  /// The path of what was set aside on opening, if anything.
  package private(set) var setAside: FilePath?

  /// Opens a folder's history, or makes one, and brings its tables to this release's version.
  ///
  /// A damaged file is set aside: it is renamed to `history.damaged-TIME.db`, with the log beside it,
  /// and the history starts empty.
  ///
  /// - Throws: `HistoryError`; of kind `tooNew` if a later release wrote it, which is left alone.
  package init(folder: FilePath) throws(HistoryError) {
    self.folder = folder
    _ = try opened()
  }

  /// Sets the present file aside and starts an empty one, after an error of kind `damaged`.
  ///
  /// Rooms have to be looked up again, with the numbers they had reached; readers notice by themselves.
  /// - Returns: the path of what was set aside.
  ///
  /// - Parameter reason: why the file is set aside, in a word that its new name holds.
  package func startAnew(settingAsideAs reason: String = "damaged") throws(HistoryError) -> FilePath
  {
    tables?.leaveFilesOnClose()
    tables = nil
    return try HistoryFile.exchange.withLock { () throws(HistoryError) in
      let path = try HistoryFile.setAside(in: folder, as: reason)
      tables = try makeTables()
      return path
    }
  }

  // MARK: Files that another program removes

  /// Whether the files lie where they were opened.
  package enum Place: Sendable {
    /// They do.
    case there
    /// The database does, but not the log beside it: what is committed now is lost with this process.
    case logGone
    /// The database is gone, or another file has its name.
    case gone
  }

  /// Looks where the files are (stat(2), three times).
  package var place: Place { tables?.place ?? .there }

  /// The log beside the database is gone, and is still open here: makes a new file of both, which takes the
  /// database's name. Nothing is lost, and rooms keep their numbers.
  ///
  /// Limit: as long as the whole history takes to copy.
  package func renew() throws(HistoryError) {
    let tables = try opened()
    try HistoryFile.exchange.withLock { () throws(HistoryError) in
      let path = HistoryFile.path(in: folder)
      let copy = folder.appending("history.copy.db")
      try? copy.remove()
      try tables.copy(to: copy)
      do throws(SystemError) {
        // A name must not reach the disk before what it names. Until here, nothing has changed.
        try RegularFile(toRead: copy).sync()
        tables.leaveFilesOnClose()
        self.tables = nil
        // A new file must never find the old one's log; a connection that has the log open keeps the old file, too.
        for suffix in ["-shm", "-wal"] { try? path.withSuffix(suffix).remove() }
        try copy.rename(to: path)
        try Folder(path: folder).sync()
      } catch {
        throw HistoryError(.full, "\(path): cannot be renewed: \(error.reason)")
      }
      self.tables = try makeTables()
    }
  }

  /// A room as it is entered into a new history.
  package struct RestoredRoom: Sendable {
    let name: String
    let isPrivate: Bool
    let sequence: UInt64
    let position: UInt64
    let emptiedMilliseconds: Int64?

    /// Describes a room.
    ///
    /// - Parameters:
    ///   - sequence: the number of its last line.
    ///   - position: how many bytes it has said.
    ///   - emptiedMilliseconds: since when it is empty, if it is private; `nil` if it is not.
    package init(
      name: String, isPrivate: Bool, sequence: UInt64, position: UInt64,
      emptiedMilliseconds: Int64? = nil
    ) {
      self.name = name
      self.isPrivate = isPrivate
      self.sequence = sequence
      self.position = position
      self.emptiedMilliseconds = emptiedMilliseconds
    }
  }

  /// Enters rooms, in one transaction: they go on after these numbers.
  package func restore(_ rooms: [RestoredRoom]) throws(HistoryError) -> [StoredRoom] {
    let tables = try opened()
    return try tables.transaction { () throws(HistoryError) in
      var stored: [StoredRoom] = []
      for room in rooms { stored.append(try tables.restore(room)) }
      return stored
    }
  }

  /// Enters files into a new history, in one transaction, each with its room's number. Their lines may be
  /// missing.
  package func restoreFiles(_ files: [(room: Int64, file: SharedFile)]) throws(HistoryError) {
    try opened().restoreFiles(files)
  }

  /// The room of this name, made if there is none.
  ///
  /// - Parameters:
  ///   - isPrivate: what it is if it has to be made.
  ///   - atLeast: numbers and positions up to these were used, whether or not the lines were committed: the
  ///     room goes on after them, now and later.
  package func room(
    named name: String, isPrivate: Bool, atLeast: (sequence: UInt64, position: UInt64)? = nil
  ) throws(HistoryError) -> StoredRoom {
    let tables = try opened()
    if let room = try tables.room(named: name) {
      guard let atLeast,
        room.lastSequence < atLeast.sequence || room.endPosition < atLeast.position
      else { return room }
    }
    try tables.makeRoom(
      named: name, isPrivate: isPrivate, sequence: atLeast?.sequence ?? 0,
      position: atLeast?.position ?? 0)
    guard let room = try tables.room(named: name) else {
      throw HistoryError(.other, "the room \(name) was made and is not there")
    }
    return room
  }

  /// The room of this name; `nil` if there is none.
  package func existingRoom(named name: String) throws(HistoryError) -> StoredRoom? {
    try opened().room(named: name)
  }

  // MARK: Archiving

  /// Archives a batch in one transaction: all of it, and how far the journal is archived then, or nothing. Lines that
  /// are there already are left out.
  package func archive(
    _ batch: ArchiveBatch, _ progress: JournalProgress
  ) throws(HistoryError) {
    try opened().archive(batch, progress)
  }

  /// How far a journal was archived.
  package func progress() throws(HistoryError) -> JournalProgress { try opened().progress() }

  /// Has everything that was committed reach the disk.
  package func sync() throws(HistoryError) { try opened().sync() }

  /// Notes since when a private room is empty; `nil`: it is not.
  package func setEmptied(
    _ room: Int64, at timeMilliseconds: Int64?
  ) throws(HistoryError) {
    try opened().setEmptied(room, at: timeMilliseconds)
  }

  /// Moves what `setEmptied` noted, because the clock was set by so many milliseconds.
  package func moveEmptied(by milliseconds: Int64) throws(HistoryError) {
    try opened().moveEmptied(by: milliseconds)
  }

  /// To be called when a server starts, and all rooms are empty. The private rooms that were not empty when the last
  /// one ended are empty since now, and so are those that were left later than now: the clock was set back.
  package func markAllEmptied(at timeMilliseconds: Int64) throws(HistoryError) {
    try opened().markAllEmptied(at: timeMilliseconds)
  }

  /// Private rooms that have been empty since before a time, the longest first.
  package func expiredRooms(
    before timeMilliseconds: Int64, limit: Int = 1_000
  ) throws(HistoryError) -> [StoredRoom] {
    try opened().expiredRooms(before: timeMilliseconds, limit: limit)
  }

  /// Deletes some of a room's groups, the oldest first, with the files that they announce, and the room
  /// once it has none: a little at a time, so that deleting a large room does not delay others.
  ///
  /// The file's own copy is overwritten at once; the log's goes as the log is used again.
  /// - Parameter limit: how many groups at most.
  /// - Returns: whether the room is gone.
  package func delete(_ room: Int64, limit: Int) throws(HistoryError) -> Bool {
    try opened().delete(room, limit: limit)
  }

  /// Lets the file grow to a number of pages of 4 KiB and no further, as a full disk would; 0 lifts it.
  package func limitPages(to count: Int) throws(HistoryError) {
    try opened().limitPages(to: count)
  }

  /// The tables, opened if they are not.
  private func opened() throws(HistoryError) -> WriterTables {
    if let tables { return tables }
    let tables = try HistoryFile.exchange.withLock { () throws(HistoryError) in
      do throws(HistoryError) {
        return try makeTables()
      } catch  where error.kind == .damaged {
        setAside = try HistoryFile.setAside(in: folder)
        return try makeTables()
      }
    }
    self.tables = tables
    return tables
  }

  private func makeTables() throws(HistoryError) -> WriterTables {
    try WriterTables(folder: folder)
  }
}
