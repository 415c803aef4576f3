internal import ChatCore
package import ChatSystem

/// The folder where files are saved: nothing in it is ever overwritten, and nothing outside it is touched, whatever
/// a file is called.
///
/// A file grows under a name made of its digest and size, `.received_<digits>-<size>.part`, so that a later download,
/// even of another process, continues it; `-2.part`, `-3.part` and so on if others write the ones before at the same
/// time. It gets its own name when it is complete and verified.
///
/// Thread: any.
package final class DownloadFolder: Sendable {
  /// Limit: of files with the same name.
  private static let mostOfOneName = 100_000

  /// Limit: of clients that fetch the same file into the folder at once.
  private static let mostParts = 64

  /// As it was given.
  package let path: FilePath
  private let folder: Folder

  /// Opens an existing folder.
  ///
  /// - Throws: `SystemError` if it isn't one, or no files can be made in it.
  package init(path: FilePath) throws(SystemError) {
    self.path = path
    folder = try Folder(path: path)
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

  /// Opens the part of a file, or makes it.
  ///
  /// - Parameters:
  ///   - sha256: 64 hexadecimal digits, lower-case.
  ///   - size: how long the whole file is.
  func openPart(sha256: String, size: UInt64) throws(SystemError) -> Part {
    let stem = ".received_\(sha256.prefix(16))-\(size)"
    var failure = SystemError("flock", code: SystemError.wouldBlock)
    let names = (1...Self.mostParts).map { $0 == 1 ? "\(stem).part" : "\(stem)-\($0).part" }
    // A part that was begun is preferred to a new one.
    for name in names {
      if let file = try? folder.openAlone(name, creates: false), let status = try? file.status(),
        status.sizeBytes > 0
      {
        return Part(file: file, name: name)
      }
    }
    for name in names {
      do throws(SystemError) {
        // If it does not open, another process writes it, or it is not a part of ours.
        if let file = try folder.openAlone(name) { return Part(file: file, name: name) }
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// Gives a complete file its name: the first `received_<name>` that is free. Where the file system does not take the
  /// name, as on a USB stick, it gets a similar one.
  ///
  /// - Returns: that name.
  func save(_ part: Part, as name: FileName) throws(SystemError) -> String {
    do throws(SystemError) { return try give(part, name) } catch {
      for substitute in name.substitutes {
        // Errors are dropped: why the file's own name was not taken is what a person reads.
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

  /// Whether the part's name still refers to the part.
  func holds(_ part: Part) throws(SystemError) -> Bool { try folder.names(part.file, part.name) }

  /// Unlocks a part, which another download may continue; an empty one is removed.
  func close(_ part: Part) {
    // If that can't be found out, it stays.
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
