internal import Glibc

/// An open file, not a folder, pipe or device: read and written at positions, so that readers do not disturb each
/// other.
///
/// Owns: its descriptor.
///
/// Thread: any; the system orders the calls.
package final class RegularFile: Sendable {
  private let descriptor: Descriptor

  /// Takes over a descriptor.
  ///
  /// - Throws: EISDIR if it is a folder, EINVAL if it is anything else than a file.
  init(_ descriptor: consuming Descriptor) throws(SystemError) {
    self.descriptor = descriptor
    let kind = try attributes().st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw SystemError("open", code: kind == S_IFDIR ? EISDIR : EINVAL)
    }
  }

  /// Opens a file to read it.
  ///
  /// - Parameter followsLinks: whether the path may end in a symbolic link.
  /// - Throws: what open(2) says; EISDIR if it is a folder, EINVAL if it is anything else than a file.
  package convenience init(toRead path: FilePath, followsLinks: Bool = true) throws(SystemError) {
    // Opening a pipe would wait for a writer.
    let number = try system("open") {
      open(
        path.cString,
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW))
    }
    try self.init(Descriptor(owning: number))
  }

  /// Opens a file to read and write it, made for its owner alone if it is missing.
  package convenience init(toWrite path: FilePath) throws(SystemError) {
    let number = try system("open") { open(path.cString, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
    try self.init(Descriptor(owning: number))
  }

  /// Opens a file to write it, made if it is missing. It holds secrets: its owner alone may read it, also if it was there
  /// already, and the path may not end in a symbolic link.
  package convenience init(toAppendPrivately path: FilePath) throws(SystemError) {
    let number = try system("open") {
      open(path.cString, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    }
    try self.init(Descriptor(owning: number))
    try system("fchmod") { fchmod(number, 0o600) }
  }

  /// The descriptor's number, for sendfile(2) with offsets. Valid while this object lives.
  package var descriptorNumber: CInt { descriptor.number }

  /// What the system says of it (fstat(2)).
  package func status() throws(SystemError) -> FileStatus { FileStatus(try attributes()) }

  private func attributes() throws(SystemError) -> stat {
    var status = stat()
    let number = descriptor.number
    try system("fstat") { fstat(number, &status) }
    return status
  }

  /// Reads bytes, all that fit unless the file ends before (pread(2)).
  ///
  /// - Returns: how many they are.
  package func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    var done = 0
    while done < bytes.count {
      let count = try system("pread") {
        pread(
          number, bytes.baseAddress?.advanced(by: done), bytes.count - done,
          off_t(clamping: offset) + done)
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Reads bytes of an open file, as many as there are (pread(2)).
  package static func bytes(
    of number: CInt, at offset: UInt64, count: Int
  ) throws(SystemError) -> [UInt8] {
    var outcome: Result<Int, SystemError> = .success(0)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { space, filled in
      outcome = Result { () throws(SystemError) in
        try system("pread") { pread(number, space.baseAddress, count, off_t(clamping: offset)) }
      }
      filled = (try? outcome.get()) ?? 0
    }
    _ = try outcome.get()
    return bytes
  }

  /// Reads bytes into a part of a buffer, all that fit unless the file ends before (pread(2)).
  ///
  /// - Returns: how many they are.
  package func read(
    into buffer: inout [UInt8], _ range: Range<Int>, at offset: UInt64
  ) throws(SystemError) -> Int {
    var space = buffer.mutableSpan
    return try space.withUnsafeMutableBytes { bytes throws(SystemError) in
      try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[range]), at: offset)
    }
  }

  /// Writes all of the bytes (pwrite(2)).
  ///
  /// - Returns: how many are there, and why the rest is not.
  package func write(_ bytes: Span<UInt8>, at offset: UInt64) -> (count: Int, error: SystemError?) {
    bytes.withUnsafeBytes { write($0, at: offset) }
  }

  /// The same for bytes in memory.
  package func write(
    _ bytes: UnsafeRawBufferPointer, at offset: UInt64
  ) -> (count: Int, error: SystemError?) {
    let number = descriptor.number
    var done = 0
    while done < bytes.count {
      do throws(SystemError) {
        done += try system("pwrite") {
          pwrite(
            number, bytes.baseAddress?.advanced(by: done), bytes.count - done,
            off_t(clamping: offset) + done)
        }
      } catch {
        return (done, error)
      }
    }
    return (done, nil)
  }

  /// Cuts the file off (ftruncate(2)).
  package func truncate(to sizeBytes: UInt64) throws(SystemError) {
    let number = descriptor.number
    try system("ftruncate") { ftruncate(number, off_t(clamping: sizeBytes)) }
  }

  /// Waits until the bytes are on the disk (fsync(2)).
  package func sync() throws(SystemError) {
    let number = descriptor.number
    try system("fsync") { fsync(number) }
  }

  /// Locks the file against all who open it anew and lock it, until this object ends.
  package func lock() -> FileLock.Outcome { FileLock.take(descriptor.number) }

  /// Lets others lock the file, while this object may still be read.
  package func unlock() { FileLock.release(descriptor.number) }
}
