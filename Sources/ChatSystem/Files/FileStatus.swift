internal import Glibc

/// Which file it is, whatever names it has: no two have the same at a time.
package struct FileIdentity: Equatable, Sendable {
  private let device: dev_t
  private let number: ino_t

  init(_ status: stat) { (device, number) = (status.st_dev, status.st_ino) }
}

/// What the system says of a file (stat(3type)).
package struct FileStatus: Equatable, Sendable {
  /// Which file it is.
  package let identity: FileIdentity
  /// How long it is.
  package let sizeBytes: UInt64
  /// When it was last written to, or in a folder a name last came or went: in nanoseconds since 1970.
  package let modifiedNanoseconds: Int64
  /// The same in whole seconds.
  package let modifiedSeconds: Int64
  /// Whether it is a file, and no folder, link, pipe or device.
  package let isRegular: Bool
  /// How many names it has.
  let nameCount: nlink_t

  init(_ status: stat) {
    identity = FileIdentity(status)
    sizeBytes = UInt64(clamping: status.st_size)
    modifiedSeconds = Int64(status.st_mtim.tv_sec)
    modifiedNanoseconds = modifiedSeconds &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    nameCount = status.st_nlink
  }

  /// Whether it is the same file, and nothing has been written to it, as far as the system tells.
  package static func == (one: FileStatus, other: FileStatus) -> Bool {
    one.identity == other.identity && one.sizeBytes == other.sizeBytes
      && one.modifiedNanoseconds == other.modifiedNanoseconds
  }
}

extension FilePath {
  /// What lies there, links followed (stat(2)); `nil` if nothing does, or it can't be said.
  package var status: FileStatus? {
    var status = stat()
    return stat(cString, &status) == 0 ? FileStatus(status) : nil
  }

  /// Whether anything lies there, were it a link that leads nowhere (lstat(2)), or that can't be said.
  package var isTaken: Bool {
    var status = stat()
    return lstat(cString, &status) == 0 || errno != ENOENT
  }

  /// Whether this process may write to what lies there (access(2)).
  package var isWritable: Bool { access(cString, W_OK) == 0 }

  /// Gives what lies there another path, in place of what lies at that (rename(2)).
  package func rename(to new: FilePath) throws(SystemError) {
    let (old, new) = (cString, new.cString)
    try system("rename") { Glibc.rename(old, new) }
  }

  /// Removes the file that lies there (unlink(2)).
  package func remove() throws(SystemError) {
    let path = cString
    try system("unlink") { unlink(path) }
  }
}
