internal import Glibc

/// Looking into folders, and making them.
package enum Folder {
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
      // Whether one is there already may be told by other errors than EEXIST: it may be nobody's to write to.
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
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return entries }
      // Sound: the name is the rest of what readdir gives, ended by NUL, and is copied before the
      // next call.
      let start = UnsafeRawPointer(entry).advanced(by: offset)
      let length = strlen(start.assumingMemoryBound(to: CChar.self))
      let name = FilePath(UnsafeRawBufferPointer(start: start, count: length))
      guard name != ".", name != ".." else { continue }
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
}
