package import ChatSystem

/// The folder of a server's data, which this process alone uses while this object lives.
///
/// Owns: the lock (`FileLock`) of the file `lock` inside the folder. The system opens it when the process ends,
/// however it ends; the empty file stays.
///
/// Thread: any.
package final class DataFolder: Sendable {
  /// Where it is.
  package let path: FilePath

  /// What its operator should know; `nil` if all is well.
  package let warning: String?

  /// The locked file; `nil` once the folder was released.
  private let lock: Guarded<RegularFile?>

  /// Makes the folder, with its parents, if it is missing, readable by its owner alone, and locks it.
  ///
  /// - Throws: `DataFolderError`.
  package init(path: FilePath) throws(DataFolderError) {
    let (file, warning) = try Self.lock(path)
    self.path = path
    self.warning = warning
    lock = Guarded(file)
  }

  /// Gives the folder back.
  package func release() { lock.withLock { $0 = nil } }

  /// Whether the lock still lies in the folder: if the folder or the lock is removed or moved, another process can lock it.
  package var isInPlace: Bool {
    let path = Self.lockPath(path)
    return lock.withLock { $0.map { Self.isFile($0, at: path) } ?? false }
  }

  /// Makes the folder again if it is gone, and locks it again.
  ///
  /// - Throws: `DataFolderError`, also if another process has locked it meanwhile; the old lock is kept then.
  package func reclaim() throws(DataFolderError) {
    let (new, _) = try Self.lock(path)
    lock.withLock { $0 = new }
  }

  private static func lock(
    _ path: FilePath
  ) throws(DataFolderError) -> (lock: RegularFile, warning: String?) {
    do { try Folder.make(path, mode: 0o700) } catch {
      throw DataFolderError(path, "cannot create it", error)
    }
    let lockPath = lockPath(path)
    while true {
      let file: RegularFile
      do { file = try RegularFile(toWrite: lockPath) } catch {
        throw DataFolderError(path, "cannot write there", error)
      }
      var warning: String?
      switch file.lock() {
      case .taken: break
      case .held: throw .inUse(path)
      case .unsupported(let error):
        warning =
          "the data folder \(path): cannot lock it (\(error.reason)); no other chat-server may use it"
      }
      // It may have been removed in between, and another process locked the next one.
      if isFile(file, at: lockPath) { return (file, warning) }
    }
  }

  private static func isFile(_ file: RegularFile, at path: FilePath) -> Bool {
    (try? file.status())?.identity == path.status?.identity
  }

  private static func lockPath(_ path: FilePath) -> FilePath { path.appending("lock") }
}

/// A data folder that cannot be used.
package struct DataFolderError: Error, Equatable, CustomStringConvertible {
  /// For a person: which folder, and why.
  package let description: String

  private init(description: String) { self.description = description }

  /// Makes an error of a call that failed.
  init(_ path: FilePath, _ what: String, _ error: SystemError) {
    description = "the data folder \(path): \(what): \(error.reason)"
  }

  /// Another process has it.
  static func inUse(_ path: FilePath) -> Self {
    Self(description: "\(path) is in use by another chat-server")
  }
}
