internal import Glibc

/// The folder of a server's data, which this process alone uses while this object lives.
///
/// Owns: the lock, flock(2) on `lock` inside the folder. The system opens it when the process ends,
/// however it ends; the empty file stays.
package final class DataFolder: Sendable {
  /// Where it is.
  package let path: String

  private let lock: CInt

  /// Makes the folder, with its parents, if it is missing, readable by nobody else, and locks it.
  ///
  /// - Throws: `DataFolderError`.
  package init(path: String) throws(DataFolderError) {
    try Self.make(path)
    let lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
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

  private static func make(_ path: String) throws(DataFolderError) {
    guard !path.isEmpty else { throw DataFolderError(path, "cannot create it", code: ENOENT) }
    let parts = path.split(separator: "/")
    var folder = path.hasPrefix("/") ? "" : "."
    for part in parts {
      folder += "/\(part)"
      if mkdir(folder, 0o700) == 0 || errno == EEXIST { continue }
      // A parent that is there may also be one that we may not write to.
      let code = errno
      if access(folder, F_OK) != 0 { throw DataFolderError(path, "cannot create it", code: code) }
    }
  }
}

/// A data folder that cannot be used.
package struct DataFolderError: Error, Equatable, CustomStringConvertible {
  /// For a person: which folder, and why.
  package let description: String

  private init(description: String) { self.description = description }

  /// Makes an error of a call that failed just now.
  init(_ path: String, _ what: String, code: CInt = errno) {
    description = "the data folder \(path): \(what): \(String(cString: strerror(code)))"
  }

  /// Another process has it.
  static func inUse(_ path: String) -> Self {
    Self(description: "\(path) is in use by another chat-server")
  }
}
