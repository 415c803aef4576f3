internal import ChatSystem

/// Where the history lies in its folder, and how it is exchanged for an empty one.
enum HistoryFile {
  /// Held while a file is exchanged, and while a reader opens one: a reader that had opened the old
  /// file must not find the new one's log beside it.
  static let exchange = Lock()

  /// The path of a folder's history.
  static func path(in folder: FilePath) -> FilePath { folder.appending("history.db") }

  /// Renames a folder's history, and the log beside it, which this process no longer writes
  /// to. What is there of them is kept.
  ///
  /// - Parameter reason: why, in a word that the new name holds.
  /// - Returns: the path it has now.
  static func setAside(
    in folder: FilePath, as reason: String = "damaged"
  ) throws(HistoryError) -> FilePath {
    let moment = WallClock.timestamp().filter { $0 != "-" && $0 != ":" }
    var aside = folder.appending(FilePath("history.\(reason)-\(moment).db"))
    var number = 1
    while aside.status != nil {
      number += 1
      aside = folder.appending(FilePath("history.\(reason)-\(moment)-\(number).db"))
    }
    // The log before the file: a new file must never find the old one's log.
    for suffix in ["-shm", "-wal", ""] {
      let (old, new) = (path(in: folder).withSuffix(suffix), aside.withSuffix(suffix))
      do throws(SystemError) { try old.rename(to: new) } catch {
        guard error.isMissing else {
          throw HistoryError(.full, "\(path(in: folder)): cannot be set aside: \(error.reason)")
        }
      }
    }
    return aside
  }
}
