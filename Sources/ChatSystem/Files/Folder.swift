internal import CLinux
internal import Glibc

/// An open folder: its files are found through its descriptor, wherever the folder is moved meanwhile.
///
/// Names are names alone, without `/`.
///
/// Owns: its descriptor.
///
/// Thread: any.
package final class Folder: Sendable {
  private let descriptor: Descriptor

  private init(_ path: FilePath, in parent: CInt) throws(SystemError) {
    descriptor = Descriptor(
      owning: try system("openat") {
        openat(parent, path.cString, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      })
  }

  /// Opens a folder.
  ///
  /// - Throws: what open(2) says; ENOTDIR if it is none.
  package convenience init(path: FilePath) throws(SystemError) { try self.init(path, in: AT_FDCWD) }

  /// Opens a folder, made for its owner alone if it is missing; the one that it is made in has to be there.
  package convenience init(making path: FilePath) throws(SystemError) {
    try self.init(making: path, in: AT_FDCWD)
  }

  /// One that was made is on the disk: what is synced into it later would be lost with it.
  private convenience init(making path: FilePath, in parent: CInt) throws(SystemError) {
    let isNew = mkdirat(parent, path.cString, 0o700) == 0
    if !isNew && errno != EEXIST { throw SystemError("mkdirat") }
    try self.init(path, in: parent)
    if isNew { try Folder("..", in: descriptor.number).sync() }
  }

  /// Opens a folder in this one, made for its owner alone if it is missing.
  package func folder(making name: FilePath) throws(SystemError) -> Folder {
    try Folder(making: name, in: descriptor.number)
  }

  // MARK: What lies in it

  /// What the system says of the folder (fstat(2)); `nil` if it can't be said.
  package var status: FileStatus? {
    var status = stat()
    return fstat(descriptor.number, &status) == 0 ? FileStatus(status) : nil
  }

  /// What lies under a name (fstatat(2)); `nil` if nothing does.
  ///
  /// - Parameter followsLinks: of a symbolic link, what it leads to.
  package func status(
    of name: String, followsLinks: Bool = false
  ) throws(SystemError) -> FileStatus? {
    var status = stat()
    let flags = followsLinks ? 0 : AT_SYMLINK_NOFOLLOW
    guard fstatat(descriptor.number, name, &status, flags) == 0 else {
      if errno == ENOENT { return nil }
      throw SystemError("fstatat")
    }
    return FileStatus(status)
  }

  /// The names in it (readdir(3)), those that are text, except its own and its parent's.
  package func names() throws(SystemError) -> [String] {
    // The stream takes over a descriptor, and moves its position.
    let number = descriptor.number
    let copy = try system("openat") { openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(copy) else {
      let error = SystemError("fdopendir")
      close(copy)
      throw error
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw SystemError("readdir") }
        return names
      }
      if let name = Self.name(of: entry) { names.append(name.decoded) }
    }
  }

  // MARK: Files in it

  /// What a file is opened for.
  package enum Opening: Sendable {
    /// Reading; it has to be there.
    case reading
    /// Reading and writing; it is made if it is missing.
    case writing
    /// Writing in place of what it had; it is made if it is missing.
    case replacing
    /// Reading and writing; it must not be there yet.
    case making
  }

  /// Opens a file. No link is followed, nothing is waited for at a pipe, and what is made is for its owner alone.
  ///
  /// - Throws: what openat(2) says; an error that `isOtherKind` if what has the name is not a file.
  package func open(_ name: String, for opening: Opening) throws(SystemError) -> RegularFile {
    let number = descriptor.number
    let flags =
      switch opening {
      case .reading: O_RDONLY
      case .writing: O_RDWR | O_CREAT
      case .replacing: O_WRONLY | O_CREAT | O_TRUNC
      case .making: O_RDWR | O_CREAT | O_EXCL
      }
    let opened = try system("openat") {
      openat(number, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
    }
    return try RegularFile(Descriptor(owning: opened))
  }

  /// Has the names reach the disk (fsync(2)). A file system that can't be told to has its own ways.
  package func sync() throws(SystemError) {
    let number = descriptor.number
    do throws(SystemError) { try system("fsync") { fsync(number) } } catch {
      guard [EINVAL, ENOSYS, EOPNOTSUPP, EROFS].contains(error.code) else { throw error }
    }
  }

  /// Moves a file into another folder, in place of what has its name there (renameat(2)).
  package func move(
    _ old: String, to folder: Folder, as new: String
  ) throws(SystemError) {
    let (from, to) = (descriptor.number, folder.descriptor.number)
    try system("renameat") { renameat(from, old, to, new) }
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
    // The one who had the lock before may have renamed it.
    for _ in 0..<8 {
      let opened = try system("openat") {
        openat(number, name, flags, 0o666)
      }
      let file = try RegularFile(Descriptor(owning: opened))
      guard file.lock() != .held else { return nil }
      guard try file.status().nameCount <= 1 else { return nil }
      if try names(file, name) { return file }
    }
    return nil
  }

  /// Whether a name is this open file's (fstatat(2) against fstat(2)).
  package func names(_ file: RegularFile, _ name: String) throws(SystemError) -> Bool {
    names(try file.status().identity, name)
  }

  private func names(_ identity: FileIdentity, _ name: String) -> Bool {
    // Where it can't be found out, it is not.
    (try? status(of: name))?.identity == identity
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
    // It has its name; the old one does no harm.
    try? remove(old)
    return true
  }

  private func replacePlaceholder(_ new: String, by old: String) throws(SystemError) -> Bool {
    let number = descriptor.number
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let placeholder: FileIdentity
    do throws(SystemError) {
      let opened = try system("openat") { openat(number, new, flags, 0o666) }
      placeholder = try RegularFile(Descriptor(owning: opened)).status().identity
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

  /// Removes a file; it may be gone.
  package func removeIfThere(_ name: String) throws(SystemError) {
    do throws(SystemError) { try remove(name) } catch {
      guard error.isMissing else { throw error }
    }
  }

  // MARK: By path

  /// Makes a folder with those above it, as far as they are missing (mkdir(2)).
  ///
  /// - Parameter mode: of those that are made.
  /// - Throws: what mkdir(2) says; ENOTDIR if something else has the name.
  package static func make(_ path: FilePath, mode: UInt32 = 0o777) throws(SystemError) {
    guard !path.isEmpty else { throw SystemError("mkdir", code: ENOENT) }
    var made: FilePath = path.isAbsolute ? "/" : "."
    for part in path.bytes.split(separator: UInt8(ascii: "/")) {
      made = made.appending(FilePath(part))
      if mkdir(made.cString, mode) == 0 { continue }
      // A folder that is there already may be reported with another error than EEXIST: on a read-only file system.
      let error = SystemError("mkdir")
      var status = stat()
      guard stat(made.cString, &status) == 0 else { throw error }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("mkdir", code: ENOTDIR) }
    }
  }

  /// Everything in one (readdir(3)), `.` and `..` not included, in no order; nothing if it can't be
  /// read.
  ///
  /// - Parameter limit: of more than these the rest is left out.
  package static func entries(
    of path: FilePath, limit: Int = 10_000
  ) -> [(name: FilePath, isFolder: Bool)] {
    guard let folder = opendir(path.cString) else { return [] }
    defer { closedir(folder) }
    var entries: [(name: FilePath, isFolder: Bool)] = []
    while entries.count < limit, let entry = readdir(folder) {
      guard let name = name(of: entry) else { continue }
      entries.append((name, isFolder(path.appending(name), entry.pointee.d_type)))
    }
    return entries
  }

  /// What a link leads to is asked for; not every file system tells the rest.
  private static func isFolder(_ path: FilePath, _ type: UInt8) -> Bool {
    guard Int(type) == DT_LNK || Int(type) == DT_UNKNOWN else { return Int(type) == DT_DIR }
    var status = stat()
    return stat(path.cString, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// An entry's name; `nil` if it is the folder's own or its parent's.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> FilePath? {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
    // Safety: the name is the rest of what readdir gives, ended by NUL, and is copied before the next call.
    let start = UnsafeRawPointer(entry).advanced(by: offset)
    let length = strlen(start.assumingMemoryBound(to: CChar.self))
    let name = FilePath(UnsafeRawBufferPointer(start: start, count: length))
    return name == "." || name == ".." ? nil : name
  }
}
