internal import CLinux
internal import Glibc

/// An open folder: its files are found through its descriptor, wherever the folder is moved meanwhile.
///
/// Names are names alone, without `/`.
///
/// Thread: any.
package final class OpenFolder: Sendable {
  private let descriptor: Descriptor

  /// Opens a folder.
  ///
  /// - Throws: what open(2) says; ENOTDIR if it is none.
  package init(path: FilePath) throws(SystemError) {
    descriptor = Descriptor(
      owning: try system("open") { open(path.cString, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
  }

  /// Checks that we may make files in it (faccessat(2)).
  ///
  /// - Throws: `SystemError` with the reason why not.
  package func checkWritable() throws(SystemError) {
    let number = descriptor.number
    try system("faccessat") { faccessat(number, ".", W_OK | X_OK, 0) }
  }

  /// Opens a file to write it, for us alone.
  ///
  /// - Parameter creates: makes it if it is missing.
  /// - Returns: `nil` if somebody has locked it, or the file system has it under another name, too.
  /// - Throws: what openat(2) says; ELOOP if it is a symbolic link.
  package func openAlone(
    _ name: String, creates: Bool = true
  ) throws(SystemError) -> RegularFile? {
    let number = descriptor.number
    let flags = O_RDWR | (creates ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    // Whoever had it may have given it another name before we had the lock.
    for _ in 0..<8 {
      let opened = try system("openat") {
        openat(number, name, flags, 0o666)
      }
      let file = try RegularFile(Descriptor(owning: opened))
      guard file.lock() else { return nil }
      guard try file.identity().names <= 1 else { return nil }
      if try names(file, name) { return file }
    }
    return nil
  }

  /// Whether a name is this open file's (fstatat(2) against fstat(2)).
  package func names(_ file: RegularFile, _ name: String) throws(SystemError) -> Bool {
    names(try file.identity(), name)
  }

  private func names(_ identity: RegularFile.Identity, _ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_dev == identity.device && status.st_ino == identity.number
  }

  /// Gives a file another name, unless something has it.
  ///
  /// No file system has every way to do so: renameat2(2) with RENAME_NOREPLACE, a second name (linkat(2)),
  /// an empty file of that name which is ours and then replaced.
  ///
  /// - Returns: false if something has it, whatever it is.
  package func rename(_ old: String, to new: String) throws(SystemError) -> Bool {
    let number = descriptor.number
    do throws(SystemError) {
      try system("renameat2") {
        renameat2(number, old, number, new, UInt32(CLINUX_RENAME_NOREPLACE))
      }
      return true
    } catch {
      if error.code == EEXIST { return false }
    }
    do throws(SystemError) {
      try system("linkat") { linkat(number, old, number, new, 0) }
    } catch {
      if error.code == EEXIST { return false }
      return try replacePlaceholder(new, by: old)
    }
    // It has its name; what is left of the old one is in nobody's way.
    try? remove(old)
    return true
  }

  private func replacePlaceholder(_ new: String, by old: String) throws(SystemError) -> Bool {
    let number = descriptor.number
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let placeholder: RegularFile.Identity
    do throws(SystemError) {
      let opened = try system("openat") { openat(number, new, flags, 0o666) }
      placeholder = try RegularFile(Descriptor(owning: opened)).identity()
    } catch {
      if error.code == EEXIST { return false }
      throw error
    }
    // Somebody may have put something else there meanwhile.
    guard names(placeholder, new) else { return false }
    do throws(SystemError) {
      try system("renameat") { renameat(number, old, number, new) }
      return true
    } catch {
      if names(placeholder, new) { try? remove(new) }
      throw error
    }
  }

  /// Removes a file (unlinkat(2)).
  package func remove(_ name: String) throws(SystemError) {
    let number = descriptor.number
    try system("unlinkat") { unlinkat(number, name, 0) }
  }
}
