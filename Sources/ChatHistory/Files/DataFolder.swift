package import ChatSystem
internal import Glibc

/// The folder of a server's data, which this process alone uses while this object lives.
///
/// Owns: the lock (`FileLock`) of the file `lock` inside the folder. The system opens it when the process ends,
/// however it ends; the empty file stays.
///
/// Thread: any for the path; one at a time for the rest.
package final class DataFolder: @unchecked Sendable {
  // Sound: what changes is guarded by `guarding`.

  /// Where it is.
  package let path: FilePath

  /// What its operator should know; `nil` if all is well.
  package let warning: String?

  private let guarding = Lock()
  private var lock: CInt

  /// Makes the folder, with its parents, if it is missing, readable by nobody else, and locks it.
  ///
  /// - Throws: `DataFolderError`.
  package init(path: FilePath) throws(DataFolderError) {
    (lock, warning) = try Self.lock(path)
    self.path = path
  }

  deinit { release() }

  /// Gives the folder back.
  package func release() {
    let old = guarding.withLock {
      defer { lock = -1 }
      return lock
    }
    if old >= 0 { _ = close(old) }
  }

  /// Whether the lock still lies in the folder: whoever removes or moves the folder, or the lock, lets others in.
  package var isInPlace: Bool {
    let path = Self.lockPath(path)
    return guarding.withLock { HistoryFile.Mark(descriptor: lock) == HistoryFile.Mark(path: path) }
  }

  /// Makes the folder again if it is gone, and locks it again.
  ///
  /// - Throws: `DataFolderError`, also if another process has locked it meanwhile; the old lock is kept then.
  package func reclaim() throws(DataFolderError) {
    let (new, _) = try Self.lock(path)
    let old = guarding.withLock {
      defer { lock = new }
      return lock
    }
    _ = close(old)
  }

  private static func lock(
    _ path: FilePath
  ) throws(DataFolderError) -> (lock: CInt, warning: String?) {
    do { try Folder.make(path, mode: 0o700) } catch {
      throw DataFolderError(path, "cannot create it", code: error.code)
    }
    let lockPath = lockPath(path)
    while true {
      let lock = open(lockPath.cString, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard lock >= 0 else { throw DataFolderError(path, "cannot write there") }
      var warning: String?
      switch FileLock.take(lock) {
      case .taken: break
      case .held:
        close(lock)
        throw .inUse(path)
      case .unsupported(let error):
        warning =
          "the data folder \(path): cannot lock it (\(error.reason)); no other chat-server may use it"
      }
      // Somebody may have removed it in between, and another process locked the next one.
      if HistoryFile.Mark(descriptor: lock) == HistoryFile.Mark(path: lockPath) {
        return (lock, warning)
      }
      close(lock)
    }
  }

  private static func lockPath(_ path: FilePath) -> FilePath { path.appending("lock") }
}

/// A data folder that cannot be used.
package struct DataFolderError: Error, Equatable, CustomStringConvertible {
  /// For a person: which folder, and why.
  package let description: String

  private init(description: String) { self.description = description }

  /// Makes an error of a call that failed just now.
  init(_ path: FilePath, _ what: String, code: CInt = errno) {
    description = "the data folder \(path): \(what): \(String(cString: strerror(code)))"
  }

  /// Another process has it.
  static func inUse(_ path: FilePath) -> Self {
    Self(description: "\(path) is in use by another chat-server")
  }
}
