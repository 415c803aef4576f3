internal import ChatClientModel
internal import ChatSystem
internal import ChatTLS

/// The file of the servers whose keys a person has trusted, `known_hosts` in the client's state folder.
///
/// Thread: any.
struct KnownHostsFile {
  /// The largest file that is read.
  private static let limitBytes: UInt64 = 4_194_304

  private let folder: FilePath
  private var path: FilePath { folder.appending("known_hosts") }

  init(in folder: FilePath = Process.stateFolder(for: "chat-client")) { self.folder = folder }

  /// Its path, for a person.
  var name: String { "\(path)" }

  /// Reads it; one that is missing is empty.
  func read() throws(SystemError) -> KnownHosts {
    var text = ""
    do throws(SystemError) {
      let file = try RegularFile(toRead: path)
      let size = try file.status().sizeBytes
      // Whoever read a part of it could take a key that has changed for a new one.
      guard size <= Self.limitBytes else {
        throw SystemError("read", code: SystemError.fileTooLarge)
      }
      var bytes = [UInt8](repeating: 0, count: Int(size))
      let count = try file.read(into: &bytes, 0..<bytes.count, at: 0)
      text = String(decoding: bytes.prefix(count), as: UTF8.self)
    } catch { guard error.isMissing else { throw error } }
    return KnownHosts(text) { KeyFingerprint($0) != nil }
  }

  /// Adds a line, made by `KnownHosts.line`: in a line of its own, whatever the file ends with.
  func add(_ line: String) throws(SystemError) {
    try Folder.make(folder, mode: 0o700)
    let file = try RegularFile(toAppendPrivately: path)
    // Two clients may add one at once. Where nothing can be locked, that is as rare as it is.
    _ = file.lock()
    let size = try file.status().sizeBytes
    var last = [UInt8(ascii: "\n")]
    if size > 0 { _ = try file.read(into: &last, 0..<1, at: size - 1) }
    let bytes = Array((last == [UInt8(ascii: "\n")] ? line : "\n\(line)").utf8)
    if let error = file.write(bytes.span, at: size).error { throw error }
  }
}
