internal import Glibc

/// An open file, and no folder, pipe or device: read and written at positions, so that nobody's reading
/// moves another's.
///
/// Owns: its descriptor.
///
/// Thread: any; the system orders the calls.
package final class RegularFile: Sendable {
  /// What fstat(2) says of a file, as far as it tells whether the file has changed.
  package struct Status: Equatable, Sendable {
    /// How long it is.
    package let sizeBytes: UInt64
    /// When it was last written to, in nanoseconds since 1970.
    package let modifiedNanoseconds: Int64
  }

  private let descriptor: Descriptor

  /// Takes over a descriptor.
  ///
  /// - Throws: EISDIR if it is a folder, EINVAL if it is anything else but a file.
  init(_ descriptor: consuming Descriptor) throws(SystemError) {
    self.descriptor = descriptor
    let kind = try full().st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw SystemError("open", code: kind == S_IFDIR ? EISDIR : EINVAL)
    }
  }

  /// Opens a file to read it.
  ///
  /// - Parameter followsLinks: whether the path may end in a symbolic link.
  /// - Throws: what open(2) says; EISDIR if it is a folder, EINVAL if it is anything else but a file.
  package convenience init(toRead path: FilePath, followsLinks: Bool = true) throws(SystemError) {
    // Opening a pipe would wait for somebody who writes.
    let number = try system("open") {
      open(
        path.cString,
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW))
    }
    try self.init(Descriptor(owning: number))
  }

  /// How long the file is, and when it was written to.
  package func status() throws(SystemError) -> Status {
    let status = try full()
    return Status(
      sizeBytes: UInt64(clamping: status.st_size),
      modifiedNanoseconds: Int64(status.st_mtim.tv_sec) &* 1_000_000_000
        &+ Int64(status.st_mtim.tv_nsec))
  }

  /// Which file it is, and under how many names the file system has it.
  struct Identity {
    let device: dev_t
    let number: ino_t
    let names: nlink_t
  }

  func identity() throws(SystemError) -> Identity {
    let status = try full()
    return Identity(device: status.st_dev, number: status.st_ino, names: status.st_nlink)
  }

  private func full() throws(SystemError) -> stat {
    var status = stat()
    let number = descriptor.number
    try system("fstat") { fstat(number, &status) }
    return status
  }

  /// Reads bytes into a part of a buffer, all that fit unless the file ends before (pread(2)).
  ///
  /// - Returns: how many they are.
  package func read(
    into buffer: inout [UInt8], _ range: Range<Int>, at offset: UInt64
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    var space = buffer.mutableSpan
    return try space.withUnsafeMutableBytes { bytes throws(SystemError) in
      let bytes = UnsafeMutableRawBufferPointer(rebasing: bytes[range])
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
  }

  /// Writes all of the bytes (pwrite(2)).
  ///
  /// - Returns: how many are there, and why the rest is not.
  package func write(_ bytes: Span<UInt8>, at offset: UInt64) -> (count: Int, error: SystemError?) {
    let number = descriptor.number
    return bytes.withUnsafeBytes { bytes in
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
  }

  /// Cuts the file off (ftruncate(2)).
  package func truncate(to sizeBytes: UInt64) throws(SystemError) {
    let number = descriptor.number
    try system("ftruncate") { ftruncate(number, off_t(clamping: sizeBytes)) }
  }

  /// Locks the file against all who open it anew and lock it, until this object ends. Where the file system has
  /// no locks nobody has it.
  ///
  /// - Returns: false if somebody has locked it.
  package func lock() -> Bool { FileLock.take(descriptor.number) != .held }

  /// Lets others lock the file, while this object may still be read.
  package func unlock() { FileLock.release(descriptor.number) }
}
