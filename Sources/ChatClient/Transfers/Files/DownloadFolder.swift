internal import ChatCore
package import ChatSystem

/// The folder where files are saved: nothing that is there is ever written over, and nothing outside it
/// is touched, whatever a file is called.
///
/// A file grows under a name that says what it will be, `.received_<digits>-<size>.part`, so that whoever
/// comes back for it, even as another process, goes on where it ended; `-2.part`, `-3.part` and so on if others
/// write the ones before at the same time. It gets its own name when it is
/// whole and right.
///
/// Thread: any.
package final class DownloadFolder: Sendable {
  /// So many files may have one name.
  private static let mostOfOneName = 100_000

  /// So many clients may fetch one file into one folder at once.
  private static let mostParts = 64

  /// As it was given.
  package let path: FilePath
  private let folder: OpenFolder

  /// Opens a folder that is there.
  ///
  /// - Throws: `SystemError` if it isn't one, or no files can be made in it.
  package init(path: FilePath) throws(SystemError) {
    self.path = path
    folder = try OpenFolder(path: path)
    try folder.checkWritable()
  }

  /// A file that is growing.
  ///
  /// Thread: one at a time.
  struct Part {
    /// The open file, locked as long as this lives.
    let file: RegularFile
    /// Its name in the folder.
    fileprivate let name: String
  }

  /// Opens what is here already of a file, or makes it.
  ///
  /// - Parameters:
  ///   - sha256: 64 hexadecimal digits, lower-case.
  ///   - size: how long the whole file is.
  func openPart(sha256: String, size: UInt64) throws(SystemError) -> Part {
    let stem = ".received_\(sha256.prefix(16))-\(size)"
    var failure = SystemError("flock", code: SystemError.wouldBlock)
    let names = (1...Self.mostParts).map { $0 == 1 ? "\(stem).part" : "\(stem)-\($0).part" }
    // What somebody has begun goes before a new one.
    for name in names {
      if let file = try? folder.openAlone(name, creates: false), let status = try? file.status(),
        status.sizeBytes > 0
      {
        return Part(file: file, name: name)
      }
    }
    for name in names {
      do throws(SystemError) {
        // Where there is none, somebody else writes that one, or it is none of ours.
        if let file = try folder.openAlone(name) { return Part(file: file, name: name) }
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// Gives a whole file its name: the first `received_<name>` that nothing has. Where the folder does not take the
  /// name, as on a USB stick, it gets one that is as near as possible.
  ///
  /// - Returns: that name.
  func save(_ part: Part, as name: FileName) throws(SystemError) -> String {
    do throws(SystemError) { return try give(part, name) } catch {
      for substitute in name.substitutes {
        // Whatever the folder says: why the file's own name was not taken is what a person is told.
        if let received = try? give(part, substitute) { return received }
      }
      throw error
    }
  }

  private func give(_ part: Part, _ name: FileName) throws(SystemError) -> String {
    for number in 1...Self.mostOfOneName {
      let received = name.received(number)
      if try folder.rename(part.name, to: received) { return received }
    }
    throw SystemError("renameat2", code: SystemError.alreadyExists)
  }

  /// Whether a part's name is still the part's.
  func holds(_ part: Part) throws(SystemError) -> Bool { try folder.names(part.file, part.name) }

  /// Lets go of a part, which whoever comes next may open; an empty one is of no use to anybody, and is removed.
  func close(_ part: Part) {
    // Where that can't be found out, it stays.
    if let status = try? part.file.status(), status.sizeBytes == 0, (try? holds(part)) == true {
      try? folder.remove(part.name)
    }
    part.file.unlock()
  }

  /// Where a saved file is.
  func path(of name: String) -> FilePath {
    path == "." ? FilePath(name) : path.appending(FilePath(name))
  }
}
