internal import CSQLite

/// What can go wrong with the history.
package struct HistoryError: Error, CustomStringConvertible, Sendable {
  /// What a caller can do about it.
  package enum Kind: Sendable {
    /// The file could not be written or read just now: a full or failing disk, a folder that was made
    /// read-only, another process's lock. It may work later.
    case full
    /// The file is not what was written: set it aside.
    case damaged
    /// A later release wrote the file: leave it alone.
    case tooNew
    /// Anything else: a mistake of ours, or no such history.
    case other
  }

  /// What a caller can do about it.
  package let kind: Kind
  /// For a person: which file, and SQLite's own words.
  package let reason: String

  /// Makes an error.
  package init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  /// For a log.
  package var description: String { reason }
}

extension HistoryError.Kind {
  /// Reads an extended result code (https://www.sqlite.org/rescode.html).
  init(resultCode: CInt) {
    self =
      switch resultCode & 0xFF {
      case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
      case SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_BUSY, SQLITE_LOCKED:
        .full
      default: .other
      }
  }
}
