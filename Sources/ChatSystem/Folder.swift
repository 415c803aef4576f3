internal import Glibc

/// Looking into folders.
package enum Folder {
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
