internal import ChatClient
internal import ChatSystem
internal import Glibc

/// The folder where a fuzzed client finds files to send, and saves those that it fetches: one for the process.
final class ScratchFolder: Sendable {
  static let shared = ScratchFolder()

  private let root: String
  private let savedPath: String
  /// Where files are saved.
  let saved: DownloadFolder?

  private init() {
    let parent = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/chat-fuzz-XXXXXX".utf8CString)
    root = mkdtemp(&template).map { String(cString: $0) } ?? parent
    savedPath = "\(root)/saved"
    mkdir(savedPath, 0o700)
    saved = try? DownloadFolder(path: FilePath(savedPath))
    // What is sent is named as it is typed: `/send ~/1.txt`.
    setenv("HOME", root, 1)
    for (number, file) in SampleFile.all.enumerated() {
      let descriptor = open("\(root)/\(number).txt", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      _ = write(descriptor, file.bytes, file.bytes.count)
      close(descriptor)
    }
    atexit { ScratchFolder.shared.remove(FilePath(ScratchFolder.shared.root)) }
  }

  /// Takes out what was saved.
  ///
  /// - Returns: the contents of the files that are whole, and how many bytes all have.
  func empty() -> (whole: [[UInt8]], bytes: Int) {
    var whole: [[UInt8]] = []
    var sum = 0
    for entry in Folder.entries(of: FilePath(savedPath)) {
      let name = entry.name.text
      let path = "\(savedPath)/\(name)"
      let content = contents(of: path)
      sum += content.count
      if name.hasPrefix("received_") {
        whole.append(content)
      } else {
        demand(name.hasPrefix(".received_"), "a file is called \(name)")
      }
      unlink(path)
    }
    return (whole, sum)
  }

  /// Makes a folder for a server.
  func newFolder() -> FilePath {
    var template = Array("\(root)/data-XXXXXX".utf8CString)
    return FilePath(mkdtemp(&template).map { String(cString: $0) } ?? root)
  }

  /// Removes it, and all that is in it.
  func remove(_ folder: FilePath) {
    for entry in Folder.entries(of: folder) {
      let path = folder.appending(entry.name)
      if entry.isFolder { remove(path) } else { unlink(path.cString) }
    }
    rmdir(folder.cString)
  }

  private func contents(of path: String) -> [UInt8] {
    guard let file = try? RegularFile(toRead: FilePath(path)), let status = try? file.status()
    else {
      return []
    }
    demand(status.sizeBytes <= 1 << 24, "a file of \(status.sizeBytes) bytes")
    var bytes = [UInt8](repeating: 0, count: Int(status.sizeBytes))
    let count = (try? file.read(into: &bytes, bytes.indices, at: 0)) ?? 0
    return Array(bytes.prefix(count))
  }

}
