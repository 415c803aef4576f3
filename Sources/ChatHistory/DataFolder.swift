package import ChatSystem
internal import Glibc

/// The folder of a server's data, which this process alone uses while this object lives.
///
/// Owns: the lock, flock(2) on `lock` inside the folder. The system opens it when the process ends,
/// however it ends; the empty file stays.
package final class DataFolder: Sendable {
  /// Where it is.
  package let path: FilePath

  private let lock: CInt

  /// Makes the folder, with its parents, if it is missing, readable by nobody else, and locks it.
  ///
  /// - Throws: `DataFolderError`.
  package init(path: FilePath) throws(DataFolderError) {
    do { try Folder.make(path, mode: 0o700) } catch {
      throw DataFolderError(path, "cannot create it", code: error.code)
    }
    let lock = open(path.appending("lock").cString, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw DataFolderError(path, "cannot write there") }
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      close(lock)
      if code == EWOULDBLOCK { throw .inUse(path) }
      throw DataFolderError(path, "cannot lock it", code: code)
    }
    self.path = path
    self.lock = lock
  }

  deinit { _ = close(lock) }
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
