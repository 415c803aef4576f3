internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// The contents that are being fetched: each open once, however many fetch it.
///
/// Thread: any. Its lock is not held while a file is opened.
final class SharedContents: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How many may be open at once: each has a descriptor.
  static let limit = 512

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
    // What is looked at here may be the last that holds it: it goes after the lock.
    let live = lock.withLock { entries.values.compactMap(\.content) }
    guard live.count < Self.limit else { throw SystemError("open", code: SystemError.tooMany) }
    guard let content = try shelf.open(id: file.id) else { return nil }
    lock.withLock {
      let inUse = Set(live.map(\.digest))
      entries = entries.filter { inUse.contains($0.key) }
      entries[file.digest] = Entry(content: content)
    }
    return content
  }
}
