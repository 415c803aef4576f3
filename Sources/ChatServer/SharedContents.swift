internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// The contents that are being fetched: each open once, however many fetch it.
///
/// Thread: any. Its lock is not held while a file is opened.
final class SharedContents: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private struct Entry {
    weak var content: OpenContent?
  }

  private let shelf: FileShelf
  private let lock = Lock()
  private var entries: [SHA256Digest: Entry] = [:]

  /// Nothing is open.
  init(_ shelf: FileShelf) { self.shelf = shelf }

  /// Opens a file's content.
  ///
  /// - Returns: `nil` if there is no such file, or its content is gone.
  /// - Throws: `SystemError` if it can't be opened now.
  func open(_ file: KeptFile) throws(SystemError) -> OpenContent? {
    if let content = lock.withLock({ entries[file.digest]?.content }) { return content }
    guard let content = try shelf.open(id: file.id) else { return nil }
    lock.withLock {
      entries = entries.filter { $0.value.content != nil }
      entries[file.digest] = Entry(content: content)
    }
    return content
  }
}
