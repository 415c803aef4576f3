import Foundation

/// What folders lie on.
enum Storage {
  /// File systems that keep nothing on a disk.
  private static let inMemory: Set<String> = ["tmpfs", "ramfs", "devtmpfs"]

  /// The type of a folder's file system, `ext4`; `nil` if it isn't known (proc(5), /proc/self/mounts).
  static func fileSystem(of folder: String) -> String? {
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    let path = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    return fileSystem(of: path, mounts: mounts)
  }

  /// The same, of an absolute path without links. Pure.
  static func fileSystem(of path: String, mounts: String) -> String? {
    var best: (length: Int, type: String)?
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 2 else { continue }
      let mount = fields[1].replacing("\\040", with: " ")
      guard mount == "/" || path == mount || path.hasPrefix(mount + "/") else { continue }
      // The later of two at one place hides the earlier.
      if mount.count >= best?.length ?? 0 { best = (mount.count, String(fields[2])) }
    }
    return best?.type
  }

  static func isInMemory(_ folder: String) -> Bool {
    fileSystem(of: folder).map { inMemory.contains($0) } ?? false
  }

  /// The folder for what is measured, unless another is asked for: the system's for temporary files, if that is on a
  /// disk; else the one for those that outlive a restart.
  static var folder: String {
    let usual = FileManager.default.temporaryDirectory.path
    let other = "/var/tmp"
    let canUseOther = FileManager.default.isWritableFile(atPath: other) && !isInMemory(other)
    return isInMemory(usual) && canUseOther ? other : usual
  }
}
