internal import ChatSystem

/// An image file, open for reading: a regular file, no link, device or pipe.
struct PictureFile {
  private let file: RegularFile

  /// Its size when it was opened.
  let byteCount: Int

  /// Opens a file, without blocking.
  ///
  /// - Throws: `SystemError`, ELOOP for a symbolic link, EINVAL or EISDIR for what is no regular file.
  init(path: FilePath) throws(SystemError) {
    file = try RegularFile(toRead: path, followsLinks: false)
    byteCount = Int(clamping: try file.status().sizeBytes)
  }

  /// Reads up to `count` bytes from an offset; fewer at the end.
  ///
  /// - Throws: `SystemError`.
  func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try file.read(into: &bytes, 0..<count, at: UInt64(clamping: offset))
    bytes.removeLast(count - read)
    return bytes
  }

  /// Reads all of it.
  ///
  /// - Throws: `SystemError`.
  func all() throws(SystemError) -> [UInt8] { try read(at: 0, count: byteCount) }
}
