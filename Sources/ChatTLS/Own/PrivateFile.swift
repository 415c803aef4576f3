internal import ChatSystem

/// A file with a key or a certificate, which its owner alone may read.
enum PrivateFile {
  /// Writes a file under another name, and then gives it its own: it is whole, or not there.
  static func write(_ bytes: [UInt8], to path: FilePath) throws(TLSError) {
    let new = path.withSuffix(".new")
    do throws(SystemError) {
      try? new.remove()
      let file = try RegularFile(toAppendPrivately: new)
      if let error = file.write(bytes.span, at: 0).error { throw error }
      try file.sync()
      try new.rename(to: path)
    } catch {
      try? new.remove()
      throw TLSError(.file, "\(path): can't be written: \(error.reason)")
    }
  }
}
