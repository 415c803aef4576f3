internal import ChatCore
internal import ChatSystem
internal import Glibc

/// When names in a folder last came or went.
struct FolderTime: Equatable, Sendable {
  let seconds: Int
  let nanoseconds: Int
}

/// The folder of a shelf, where each content lies under the 64 hexadecimal digits of its SHA-256, and
/// two folders in it: `partial`, where contents grow until they are whole, and `sums`, where under the
/// same digits lie the sums of the blocks of those that have several.
///
/// Owns: a descriptor of each.
///
/// Thread: any.
final class ShelfFolder: Sendable {
  /// How long a partial upload that nobody goes on with is kept.
  static let staleSeconds: Int64 = 3_600

  private let contents: Descriptor
  private let partials: Descriptor
  private let sums: Descriptor

  /// Opens the folders, made for their owner alone if they are missing.
  init(path: FilePath) throws(SystemError) {
    let contents = try Self.open(path, in: AT_FDCWD)
    let partials = try Self.open("partial", in: contents.number)
    let sums = try Self.open("sums", in: contents.number)
    self.contents = contents
    self.partials = partials
    self.sums = sums
  }

  /// Whether a path still leads to these folders (stat(2)).
  func isInPlace(at path: FilePath) -> Bool {
    Self.isSame(contents, AT_FDCWD, path) && Self.isSame(partials, contents.number, "partial")
      && Self.isSame(sums, contents.number, "sums")
  }

  /// Whether the contents lie in the same folder as another's.
  func hasSameContents(as other: ShelfFolder) -> Bool {
    Self.isSame(contents, other.contents.number, ".")
  }

  /// When a content's name last came or went (stat(2)); `nil` if the system does not say.
  var changeTime: FolderTime? {
    var status = stat()
    guard fstat(contents.number, &status) == 0 else { return nil }
    return FolderTime(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  private static func isSame(_ open: borrowing Descriptor, _ folder: CInt, _ path: FilePath) -> Bool
  {
    var (one, other) = (stat(), stat())
    return fstat(open.number, &one) == 0 && fstatat(folder, path.cString, &other, 0) == 0
      && one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }

  /// Opens a folder, made if it is missing. One that was made is on the disk: what is synced into it
  /// later would be lost with it.
  private static func open(_ path: FilePath, in folder: CInt) throws(SystemError) -> Descriptor {
    let isNew = mkdirat(folder, path.cString, 0o700) == 0
    if !isNew && errno != EEXIST { throw SystemError("mkdirat") }
    let made = Descriptor(
      owning: try system("openat") {
        openat(folder, path.cString, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      })
    guard isNew else { return made }
    let parent = Descriptor(
      owning: try system("openat") {
        openat(made.number, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      })
    try Self.sync(parent)
    return made
  }

  // MARK: Contents

  /// The contents that are there, the least recently written first.
  func storedContents() throws(SystemError) -> [(digest: SHA256Digest, sizeBytes: UInt64)] {
    var found: [(digest: SHA256Digest, sizeBytes: UInt64, modifiedSeconds: Int64)] = []
    for name in try Self.names(in: contents) {
      // Upper case would be another name for the same content.
      guard let digest = SHA256Digest(hex: name), digest.hex == name,
        let status = try Self.status(of: name, in: contents), status.isRegular
      else { continue }
      found.append((digest, status.sizeBytes, status.modifiedSeconds))
    }
    return found.sorted { $0.modifiedSeconds < $1.modifiedSeconds }
      .map { ($0.digest, $0.sizeBytes) }
  }

  /// The digests that have a name in the folder, whatever lies there.
  func contentNames() throws(SystemError) -> Set<SHA256Digest> {
    Set(try Self.names(in: contents).compactMap { SHA256Digest(hex: $0) })
  }

  /// Whether something lies under a content's name.
  func holds(_ digest: SHA256Digest) throws(SystemError) -> Bool {
    try Self.status(of: digest.hex, in: contents) != nil
  }

  /// Opens a content for reading.
  ///
  /// - Returns: `nil` if it is not there, or not as long as it should be.
  func openContent(
    _ digest: SHA256Digest, sizeBytes: UInt64
  ) throws(SystemError) -> ShelfFile? {
    let number = openat(contents.number, digest.hex, O_RDONLY | Self.carefully)
    guard number >= 0 else {
      if [ENOENT, ELOOP, ENXIO].contains(errno) { return nil }
      throw SystemError("openat")
    }
    let file = ShelfFile(descriptor: Descriptor(owning: number))
    let status = try file.status()
    guard status.isRegular, status.sizeBytes == sizeBytes else { return nil }
    return file
  }

  /// Whether a content lies there, as long as it should be.
  func holds(_ digest: SHA256Digest, sizeBytes: UInt64) throws(SystemError) -> Bool {
    guard let status = try Self.status(of: digest.hex, in: contents) else { return false }
    return status.isRegular && status.sizeBytes == sizeBytes
  }

  /// Makes a partial upload, whole and checked, the content of its digest: all of it is there, on the
  /// disk, or nothing (rename(2)).
  func keep(
    _ file: borrowing ShelfFile, partial name: String, as digest: SHA256Digest
  ) throws(SystemError) {
    try file.sync()
    try system("renameat") { renameat(partials.number, name, contents.number, digest.hex) }
    do throws(SystemError) {
      try Self.sync(contents)
    } catch {
      // A name that the disk may not have must not be promised to anyone.
      _ = unlinkat(contents.number, digest.hex, 0)
      throw error
    }
  }

  /// Unlinks a content, and its sums; it may be gone.
  func removeContent(_ digest: SHA256Digest) throws(SystemError) {
    try Self.unlink(digest.hex, in: contents)
    // Those that stay are removed when the shelf is opened again.
    try? Self.unlink(digest.hex, in: sums)
  }

  // MARK: Sums

  /// Writes the bytes that tell a content's sums. They are derived: nobody waits for the disk.
  func writeSums(_ bytes: [UInt8], of digest: SHA256Digest) throws(SystemError) {
    let number = try system("openat") {
      openat(sums.number, digest.hex, O_WRONLY | O_CREAT | O_TRUNC | Self.carefully, 0o600)
    }
    let file = ShelfFile(descriptor: Descriptor(owning: number))
    try bytes.span.withUnsafeBytes { bytes throws(SystemError) in try file.write(bytes, at: 0) }
  }

  /// Reads the bytes that tell a content's sums.
  ///
  /// - Returns: `nil` if there are not exactly so many.
  func readSums(of digest: SHA256Digest, count: Int) -> [UInt8]? {
    let number = openat(sums.number, digest.hex, O_RDONLY | Self.carefully)
    // Whatever is wrong with them, they can be computed.
    guard number >= 0 else { return nil }
    let file = ShelfFile(descriptor: Descriptor(owning: number))
    guard let status = try? file.status(), status.isRegular, status.sizeBytes == UInt64(count)
    else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: count)
    var space = bytes.mutableSpan
    let read = try? space.withUnsafeMutableBytes { buffer throws(SystemError) in
      try file.read(into: buffer, at: 0)
    }
    return read == count ? bytes : nil
  }

  /// Removes the sums of what is no content here.
  func removeStraySums(besides isContent: (SHA256Digest) -> Bool) throws(SystemError) {
    for name in try Self.names(in: sums) {
      if let digest = SHA256Digest(hex: name), digest.hex == name, isContent(digest) { continue }
      // A folder stays (EISDIR): it is none of ours.
      _ = unlinkat(sums.number, name, 0)
    }
  }

  // MARK: Partial uploads

  /// The uploads that can go on. What cannot is removed: those without a name to find them by, those
  /// that have not grown for too long, and what is no upload at all.
  func resumablePartials(
    nowSeconds: Int64
  ) throws(SystemError) -> [(name: String, sizeBytes: UInt64, modifiedSeconds: Int64)] {
    var found: [(name: String, sizeBytes: UInt64, modifiedSeconds: Int64)] = []
    for name in try Self.names(in: partials) {
      guard let status = try Self.status(of: name, in: partials) else { continue }
      if PartialName(name) != nil, status.isRegular, status.sizeBytes > 0,
        status.modifiedSeconds + Self.staleSeconds >= nowSeconds
      {
        // Where the clock was set back, it would otherwise stay until that time has come again.
        found.append((name, status.sizeBytes, min(status.modifiedSeconds, nowSeconds)))
      } else {
        // A folder stays (EISDIR): it is none of ours.
        _ = unlinkat(partials.number, name, 0)
      }
    }
    return found
  }

  /// Opens an upload that can go on, or starts it.
  ///
  /// - Returns: `nil` if what has its name is no file: a link is not followed.
  func openPartial(_ name: String) throws(SystemError) -> ShelfFile? {
    let number = openat(
      partials.number, name, O_RDWR | O_CREAT | Self.carefully, 0o600)
    guard number >= 0 else {
      if [ELOOP, EISDIR, ENXIO].contains(errno) { return nil }
      throw SystemError("openat")
    }
    let file = ShelfFile(descriptor: Descriptor(owning: number))
    guard try file.status().isRegular else { return nil }
    return file
  }

  /// Starts an upload under a name that is not there yet.
  func makePartial(_ name: String) throws(SystemError) -> ShelfFile {
    let number = try system("openat") {
      openat(partials.number, name, O_RDWR | O_CREAT | O_EXCL | Self.carefully, 0o600)
    }
    return ShelfFile(descriptor: Descriptor(owning: number))
  }

  /// Unlinks a partial upload; it may be gone.
  func removePartial(_ name: String) throws(SystemError) {
    try Self.unlink(name, in: partials)
  }

  // MARK: The system

  /// No link is followed, nothing is waited for at a pipe, and no other program inherits it.
  private static let carefully = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK

  /// Has the names of a folder reach the disk (fsync(2)). A file system that can't be told to has its own ways.
  private static func sync(_ folder: borrowing Descriptor) throws(SystemError) {
    let number = folder.number
    do throws(SystemError) { try system("fsync") { fsync(number) } } catch {
      guard [EINVAL, ENOSYS, EOPNOTSUPP, EROFS].contains(error.code) else { throw error }
    }
  }

  /// Unlinks a name; it may be gone.
  private static func unlink(
    _ name: String, in folder: borrowing Descriptor
  ) throws(SystemError) {
    guard unlinkat(folder.number, name, 0) != 0, errno != ENOENT else { return }
    throw SystemError("unlinkat")
  }

  /// What lies under a name, links not followed; `nil` if nothing does.
  private static func status(
    of name: String, in folder: borrowing Descriptor
  ) throws(SystemError) -> FileStatus? {
    var status = stat()
    guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return nil }
      throw SystemError("fstatat")
    }
    return FileStatus(status)
  }

  /// The names in a folder (readdir(3)), except those of itself and its parent.
  private static func names(in folder: borrowing Descriptor) throws(SystemError) -> [String] {
    // The stream takes over a descriptor, and moves its position.
    let number = try system("openat") {
      openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let stream = fdopendir(number) else {
      let error = SystemError("fdopendir")
      close(number)
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
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return names }
      // Sound: the name ends with a NUL, and the entry lies still until the next call. It is shorter
      // than its field, so the field is not copied as a whole.
      let name = String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
      if name != "." && name != ".." { names.append(name) }
    }
  }
}
