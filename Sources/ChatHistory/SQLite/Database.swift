internal import CSQLite
internal import ChatSystem

/// One connection to a SQLite file in write-ahead mode (https://www.sqlite.org/wal.html).
///
/// Thread: one at a time; SQLite's own mutexes are off (SQLITE_OPEN_NOMUTEX).
final class Database {
  /// What a file is opened for.
  enum Purpose {
    /// Reading alone; the file has to be there.
    case reading
    /// Reading a file that is not written to and that has no log, where nothing can be made beside it.
    case readingCopy
    /// Writing; the file is made if missing.
    case writing
  }

  /// Where the file lies.
  let path: FilePath

  /// Valid until deinit; statements may outlive it (sqlite3_close_v2).
  let handle: OpaquePointer

  /// Opens a file.
  ///
  /// - Throws: `HistoryError`, of kind `damaged` if it is not a database.
  init(path: FilePath, for purpose: Purpose) throws(HistoryError) {
    var handle: OpaquePointer?
    let creation: CInt = if case .writing = purpose { SQLITE_OPEN_CREATE } else { 0 }
    let code =
      if case .readingCopy = purpose {
        sqlite3_open_v2(
          Self.immutable(path).cString, &handle,
          SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil)
      } else {
        // In its explicit form no path is taken for a URI, or for a name like `:memory:`.
        sqlite3_open_v2(
          path.explicit.cString, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | creation,
          nil)
      }
    guard let handle else { throw HistoryError(.full, "\(path): no memory to open it") }
    self.path = path
    self.handle = handle
    guard code == SQLITE_OK else { throw failure() }
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 5_000)
    setLeavesFilesOnClose(true)
    switch purpose {
    case .reading, .readingCopy:
      try execute("PRAGMA query_only = ON")
    case .writing:
      // What is deleted is overwritten: a room that is gone leaves no text in free pages.
      try execute("PRAGMA secure_delete = ON")
      try execute("PRAGMA journal_mode = WAL")
      try execute("PRAGMA synchronous = NORMAL")
      // A log that a long reader made grow is cut back to 64 MiB.
      try execute("PRAGMA journal_size_limit = 67108864")
    }
  }

  deinit { sqlite3_close_v2(handle) }

  /// A path as SQLite's URI of a file that does not change (https://www.sqlite.org/uri.html).
  private static func immutable(_ path: FilePath) -> FilePath {
    let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes = Array((path.isAbsolute ? "file://" : "file:").utf8)
    for byte in path.explicit.bytes {
      bytes +=
        letters.contains(byte)
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return FilePath(bytes + Array("?immutable=1".utf8))
  }

  /// Sets whether closing leaves file and log as they are. So it is until the file was
  /// found sound, and for readers for ever: what lies at the path by then may be another history's.
  func setLeavesFilesOnClose(_ leaves: Bool) {
    _ = csqlite_leave_files_on_close(handle, leaves ? 1 : 0)
  }

  /// Runs statements whose rows do not matter.
  func execute(_ statements: String) throws(HistoryError) {
    guard sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK else { throw failure() }
  }

  /// Runs a query once, and reads the number in its first row; 0 if it has none.
  func integer(_ query: String) throws(HistoryError) -> Int64 {
    try Statement(query, in: self).first { $0.integer(0) } ?? 0
  }

  /// Runs `body` as one transaction: all of it is done, or nothing.
  func transaction<Result>(
    _ body: () throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try execute("BEGIN IMMEDIATE")
    do throws(HistoryError) {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // After some errors, a full disk among them, SQLite has rolled back by itself.
      if sqlite3_get_autocommit(handle) == 0 { _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
      throw error
    }
  }

  /// How many rows this connection has changed since it was opened.
  var changeCount: Int64 { sqlite3_total_changes64(handle) }

  /// Whether a call has found the file damaged.
  private(set) var isDamaged = false

  /// What went wrong last, in SQLite's words.
  func failure() -> HistoryError {
    let code = sqlite3_extended_errcode(handle)
    var words = String(cString: sqlite3_errmsg(handle))
    if [SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_FULL].contains(code & 0xFF) {
      let cause = sqlite3_system_errno(handle)
      if cause != 0 { words += ": " + SystemError("sqlite3", code: cause).reason }
    }
    let kind = HistoryError.Kind(resultCode: code)
    if kind == .damaged { isDamaged = true }
    return HistoryError(kind, "\(path): \(words) (SQLite error \(code))")
  }
}
