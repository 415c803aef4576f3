internal import ChatSystem
internal import Glibc

/// An image file, open for reading: a regular file, not a link, a device or a pipe.
struct PictureFile: ~Copyable {
  private let descriptor: Descriptor

  /// Its size when it was opened.
  let byteCount: Int

  /// Opens a file, without waiting for anybody (open(2)).
  ///
  /// - Throws: `SystemError`, ELOOP for a symbolic link, EINVAL for what is no regular file.
  init(path: FilePath) throws(SystemError) {
    let number = open(path.cString, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard number >= 0 else { throw SystemError("open") }
    let descriptor = Descriptor(owning: number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError("fstat") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", code: EINVAL) }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  /// Reads up to `count` bytes from an offset; fewer at the end (pread(2)).
  ///
  /// - Throws: `SystemError`.
  func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      var space = bytes.mutableSpan
      let got = space.withUnsafeMutableBytes { space in
        // Sound: no more is read than the space holds beyond what is done.
        space.baseAddress.map { pread(descriptor.number, $0 + done, count - done, offset + done) }
          ?? 0
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw SystemError("pread") }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(count - done)
    return bytes
  }

  /// Reads all of it.
  ///
  /// - Throws: `SystemError`.
  func all() throws(SystemError) -> [UInt8] { try read(at: 0, count: byteCount) }
}
