internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// The contents that are being fetched: each open once, however many fetch it.
///
/// Thread: any. Its lock is not held while a file is opened.
final class SharedContents: Sendable {
  /// How many may be open at once: each has a descriptor.
  static let limit = 512

  private struct Entry {
    weak var content: OpenContent?
  }

  private let shelf: FileShelf
  private let entries = Guarded<[SHA256Digest: Entry]>([:])

  /// Nothing is open.
  init(_ shelf: FileShelf) { self.shelf = shelf }

  /// Opens a file's content.
  ///
  /// - Returns: `nil` if there is no such file, or its content is gone.
  /// - Throws: `SystemError` if it can't be opened now.
  func open(_ file: SharedFile) throws(SystemError) -> OpenContent? {
    if let content = entries.withLock({ $0[file.digest]?.content }) { return content }
    // These may be the last references: what they hold open is closed after the lock.
    let live = entries.withLock { $0.values.compactMap(\.content) }
    guard live.count < Self.limit else { throw SystemError("open", code: SystemError.tooMany) }
    guard let content = try shelf.open(id: file.id) else { return nil }
    entries.withLock {
      let inUse = Set(live.map(\.digest))
      $0 = $0.filter { inUse.contains($0.key) }
      $0[file.digest] = Entry(content: content)
    }
    return content
  }
}
