internal import ChatSystem
internal import Glibc

/// Where the history lies in its folder, and how it is exchanged for an empty one.
enum HistoryFile {
  /// Which file lies at a path (stat(2)). A file that was set aside keeps its own, so that nobody can
  /// take the new one for it.
  struct Mark: Equatable {
    private let device: dev_t
    private let inode: ino_t
    /// Whether it had no bytes when it was looked at.
    let isEmpty: Bool

    /// Whether they are the same file.
    static func == (one: Mark, other: Mark) -> Bool {
      one.device == other.device && one.inode == other.inode
    }

    /// Looks; `nil` if nothing is there.
    init?(path: FilePath) {
      var status = stat()
      guard stat(path.cString, &status) == 0 else { return nil }
      device = status.st_dev
      inode = status.st_ino
      isEmpty = status.st_size == 0
    }

    /// Looks which file is open (fstat(2)); `nil` if that can't be said.
    init?(descriptor: CInt) {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { return nil }
      device = status.st_dev
      inode = status.st_ino
      isEmpty = status.st_size == 0
    }
  }

  /// Held while a file is exchanged, and while a reader opens one: a reader that had opened the old
  /// file must not find the new one's log beside it.
  static let exchange = Lock()

  /// The path of a folder's history.
  static func path(in folder: FilePath) -> FilePath { folder.appending("history.db") }

  /// Renames a folder's history, and the log beside it, which nobody of this process writes to any
  /// more. What is there of them is kept.
  ///
  /// - Parameter reason: why, in a word that the new name holds.
  /// - Returns: the path it has now.
  static func setAside(
    in folder: FilePath, as reason: String = "damaged"
  ) throws(HistoryError) -> FilePath {
    let moment = WallClock.timestamp().filter { $0 != "-" && $0 != ":" }
    var aside = folder.appending(FilePath("history.\(reason)-\(moment).db"))
    var number = 1
    while Mark(path: aside) != nil {
      number += 1
      aside = folder.appending(FilePath("history.\(reason)-\(moment)-\(number).db"))
    }
    // The log before the file: a new file must never find the old one's log.
    for suffix in ["-shm", "-wal", ""] {
      let (old, new) = (path(in: folder).withSuffix(suffix), aside.withSuffix(suffix))
      guard rename(old.cString, new.cString) == 0 || errno == ENOENT else {
        let words = String(cString: strerror(errno))
        throw HistoryError(.full, "\(path(in: folder)): cannot be set aside: \(words)")
      }
    }
    return aside
  }
}
