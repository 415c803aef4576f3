internal import Glibc

/// Looking into folders, and making them.
package enum Folder {
  /// Makes a folder with those above it, as far as they are missing (mkdir(2)).
  ///
  /// - Throws: what mkdir(2) says; ENOTDIR if something else has the name.
  package static func make(_ path: String) throws(SystemError) {
    guard !path.isEmpty else { throw SystemError("mkdir", code: ENOENT) }
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      if mkdir(made, 0o777) == 0 { continue }
      // Whether one is there already may be told by other errors than EEXIST: it may be nobody's to write to.
      let error = SystemError("mkdir")
      var status = stat()
      guard stat(made, &status) == 0 else { throw error }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("mkdir", code: ENOTDIR) }
    }
  }

  /// Everything in one (readdir(3)), `.` and `..` not included, in no order; nothing if it can't be
  /// read. Names that are no UTF-8 are left out.
  ///
  /// - Parameter limit: of more than these the rest is left out.
  package static func entries(
    of path: String, limit: Int = 10_000
  ) -> [(name: String, isFolder: Bool)] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var entries: [(name: String, isFolder: Bool)] = []
    while entries.count < limit, let entry = readdir(folder) {
      // Sound: the name is the rest of what readdir gives, ended by NUL, and is copied before the
      // next call.
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        String(validatingCString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
      }
      guard let name, name != ".", name != ".." else { continue }
      entries.append((name, isFolder("\(path)/\(name)", entry.pointee.d_type)))
    }
    return entries
  }

  /// What a link leads to is asked for; not every file system tells the rest.
  private static func isFolder(_ path: String, _ type: UInt8) -> Bool {
    guard Int(type) == DT_LNK || Int(type) == DT_UNKNOWN else { return Int(type) == DT_DIR }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
