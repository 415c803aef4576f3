internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// The contents that are being fetched: each open once, however many fetch it.
///
/// Thread: any. Its lock is not held while a file is opened.
final class SharedContents: Sendable {
  /// How many may be open at once: each has a descriptor.
  static let limit = 512
  /// How long opening waits for others to make way, and how often it is checked whether they have.
  private static let longestWait: Duration = .seconds(6)
  private static let waitStep: Duration = .milliseconds(200)

  private struct Entry {
    weak var content: OpenContent?
  }

  private let shelf: FileShelf
  private let entries = Guarded<[SHA256Digest: Entry]>([:])

  /// Nothing is open.
  init(_ shelf: FileShelf) { self.shelf = shelf }

  /// Opens a file's content, where too many are open once a slow transfer has made way.
  ///
  /// - Parameter waitFor: waits, and says whether the content is still wanted.
  func open(
    _ file: SharedFile, makingWay transfers: TransferSlots, waitFor: (Duration) -> Bool
  ) throws(SystemError) -> OpenContent? {
    let deadline = MonotonicTime.now + Self.longestWait
    while true {
      do throws(SystemError) { return try open(file) } catch {
        guard error.code == SystemError.tooMany, .now < deadline, transfers.makeWay(for: nil),
          waitFor(Self.waitStep)
        else { throw error }
      }
    }
  }

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
