internal import ChatCrypto
internal import ChatSystem
internal import Glibc

/// What the system says of a file.
struct FileStatus {
  /// How long it is.
  let sizeBytes: UInt64
  /// When it was last written to: seconds since 1970.
  let modifiedSeconds: Int64
  /// Whether it is a file, and no folder, link, pipe or device.
  let isRegular: Bool

  /// Reads stat(3type).
  init(_ status: stat) {
    sizeBytes = UInt64(clamping: status.st_size)
    modifiedSeconds = Int64(status.st_mtim.tv_sec)
    isRegular = status.st_mode & S_IFMT == S_IFREG
  }
}

/// An open file of the shelf, read and written at positions.
///
/// Owns: its descriptor.
///
/// Thread: any for reading.
struct ShelfFile: ~Copyable, Sendable {
  /// How many bytes are read at once.
  static let pieceBytes = 262_144

  /// The open file.
  let descriptor: Descriptor

  /// fstat(2).
  func status() throws(SystemError) -> FileStatus {
    var status = stat()
    try system("fstat") { fstat(descriptor.number, &status) }
    return FileStatus(status)
  }

  /// Reads bytes, all that fit unless the file ends before (pread(2)).
  ///
  /// - Returns: how many they are.
  func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(SystemError) -> Int {
    var done = 0
    while done < bytes.count {
      let count = try system("pread") {
        pread(
          descriptor.number, bytes.baseAddress?.advanced(by: done), bytes.count - done,
          off_t(offset) + done)
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Writes all of the bytes (pwrite(2)); after an error some of them may be there.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      done += try system("pwrite") {
        pwrite(
          descriptor.number, bytes.baseAddress?.advanced(by: done), bytes.count - done,
          off_t(offset) + done)
      }
    }
  }

  /// ftruncate(2).
  func truncate(to sizeBytes: UInt64) throws(SystemError) {
    try system("ftruncate") { ftruncate(descriptor.number, off_t(sizeBytes)) }
  }

  /// Waits until the bytes are on the disk: fsync(2).
  func sync() throws(SystemError) {
    try system("fsync") { fsync(descriptor.number) }
  }

  /// Hands over the bytes of a range, a piece at a time.
  ///
  /// - Throws: `ShelfError`; EIO if the file ends before the range does.
  func eachPiece(
    _ range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Void
  ) throws(ShelfError) {
    let space = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(min(UInt64(Self.pieceBytes), UInt64(range.count))), alignment: 16)
    defer { space.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let wanted = Int(min(UInt64(space.count), range.upperBound - offset))
      let piece = UnsafeMutableRawBufferPointer(rebasing: space[..<wanted])
      do throws(SystemError) {
        guard try read(into: piece, at: offset) == wanted else {
          throw SystemError("pread", code: EIO)
        }
      } catch {
        throw ShelfError(error)
      }
      do throws(CryptoError) { try body(UnsafeRawBufferPointer(piece)) } catch {
        throw .crypto(error)
      }
      offset += UInt64(wanted)
    }
  }
}
