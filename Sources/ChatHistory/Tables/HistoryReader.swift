package import ChatCore
package import ChatSystem

/// Reads the history while others write it, in this process or another, and after a crash.
///
/// A file that was set aside (`HistoryWriter.startAnew`) is noticed at the next use: each looks which
/// file lies at the path (stat(2), about 1 µs), and opens the new one if it is another.
///
/// Thread: any; one at a time is inside.
///
/// Lock order: `tables`, `HistoryFile.exchange`.
package final class HistoryReader: Sendable {
  private let folder: FilePath
  private let isCopy: Bool
  private let tables: Guarded<ReaderTables>

  /// Opens a folder's history.
  ///
  /// - Parameter isCopy: it may be a copy in a folder that we may not write to; no other process does, then.
  /// - Throws: `HistoryError`, of kind `other` if there is none.
  package init(folder: FilePath, isCopy: Bool = false) throws(HistoryError) {
    self.folder = folder
    self.isCopy = isCopy
    tables = Guarded(try ReaderTables(folder: folder, isCopy: isCopy))
  }

  /// The room of this name; `nil` if there is none.
  package func room(named name: String) throws(HistoryError) -> StoredRoom? {
    try withTables { tables throws(HistoryError) in try tables.room(named: name) }
  }

  /// Lines that follow each other, the oldest first.
  ///
  /// - Parameters:
  ///   - sequence: they are numbered after this,
  ///   - end: and before this; `nil`: to the end.
  ///   - limit: how many at most.
  ///   - byteLimit: how many bytes at most, LFs not counted; but one line if there is one.
  package func lines(
    of room: Int64, after sequence: UInt64, before end: UInt64?, limit: Int, byteLimit: Int
  ) throws(HistoryError) -> [PastLine] {
    try withTables { tables throws(HistoryError) in
      try tables.lines(
        of: room, after: sequence, before: end, limit: limit, byteLimit: byteLimit)
    }
  }

  /// The number before the first of the last `count` lines that are numbered before `end`: reading on
  /// after it gets them.
  ///
  /// Numbers may have gaps, where lines were not kept.
  package func sequence(
    beforeLast count: Int, of room: Int64, before end: UInt64?
  ) throws(HistoryError) -> UInt64 {
    try withTables { tables throws(HistoryError) in
      try tables.sequence(beforeLast: count, of: room, before: end)
    }
  }

  /// The stream's bytes from a position on, without a gap; empty at the room's end.
  ///
  /// - Returns: at most `limit` bytes; `nil` if what stood at that position was not kept.
  package func bytes(
    of room: Int64, from position: UInt64, limit: Int
  ) throws(HistoryError) -> [UInt8]? {
    try withTables { tables throws(HistoryError) in
      try tables.bytes(of: room, from: position, limit: limit)
    }
  }

  /// Hands over every file that a line announces, the oldest first: for a server that starts. Damaged rows are skipped.
  ///
  /// - Parameter body: must not use this reader.
  package func files(_ body: (SharedFile) -> Void) throws(HistoryError) {
    try withTables { tables throws(HistoryError) in try tables.eachFile(body) }
  }

  /// How far a journal was archived.
  package func progress() throws(HistoryError) -> JournalProgress {
    try withTables { tables throws(HistoryError) in try tables.progress() }
  }

  /// Writes back all of the log, at the end: the file alone is the whole history then, unless a reader is still open.
  package func emptyLog() throws(HistoryError) {
    try withTables { tables throws(HistoryError) in try tables.emptyLog() }
  }

  /// Runs `body` on the tables of the file that lies there now.
  func withTables<Result: Sendable>(
    _ body: (ReaderTables) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try tables.withLock { tables throws(HistoryError) in
      // Nothing is there for a moment while a file is exchanged.
      if let mark = tables.path.status?.identity, mark != tables.mark {
        tables = try ReaderTables(folder: folder, isCopy: isCopy)
      }
      return try body(tables)
    }
  }
}
