internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// Reads the history while it is written.
///
/// Thread: any; it waits for the disk.
final class HistoryQueries: Sendable {
  /// The most bytes read at once for a reader that has fallen behind.
  private static let catchUpBytes = 131_072

  private let store: HistoryStore
  private let reader: HistoryReader
  /// Reads for those who have fallen behind: they do not wait for history queries.
  private let catchUpReader: HistoryReader
  private let catchUpQueue = DispatchQueue(label: "catch-up", qos: .userInitiated)

  /// Opens the history of a folder to read.
  ///
  /// - Throws: `HistoryError`.
  init(_ store: HistoryStore, folder: FilePath) throws(HistoryError) {
    self.store = store
    reader = try HistoryReader(folder: folder)
    catchUpReader = try HistoryReader(folder: folder)
  }

  /// Whether what is said now is committed, and can be read later.
  var isCommitting: Bool { store.isCommitting }

  /// Hands over every file that a line announces, the oldest first. When the server starts.
  ///
  /// - Returns: whether these are all that this history knows.
  func files(_ body: (SharedFile) -> Void) -> Bool {
    do throws(HistoryError) {
      try reader.files(body)
      return true
    } catch {
      store.log.error("the files that were sent can't be found: \(error)")
      return false
    }
  }

  /// Reads the stream of the room with this key from a position on, on a queue of its own.
  func read(
    _ key: Int64, from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void
  ) {
    catchUpQueue.async {
      // A client that can't be read for is cut; the error is in the server's log.
      let bytes = try? self.reporting(key) { id throws(HistoryError) in
        try self.catchUpReader.bytes(of: id, from: position, limit: Self.catchUpBytes)
      }
      completion(bytes ?? nil)
    }
  }

  /// Reads the history of the room with this key. If that shows that it is damaged, a new one begins.
  func reading<Result>(
    _ key: Int64, _ body: (HistoryReader, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try reporting(key) { id throws(HistoryError) in try body(reader, id) }
  }

  /// Searches the history of the room with this key.
  func searching<Result>(
    _ key: Int64, _ body: (SearchIndex, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    guard let index = store.index else { throw HistoryError(.other, "there is no search index") }
    // Damage may be the index's own here: reading the history finds out about the history's.
    return try unchanged(key) { id throws(HistoryError) in try body(index, id) }
  }

  /// Reads the room that has this key in one file: in the next, its number is another room's.
  private func unchanged<Result>(
    _ key: Int64, _ body: (Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    let anew = HistoryError(.other, "a new history has begun")
    guard let id = store.id(key) else { throw anew }
    let result = try body(id)
    guard store.id(key) != nil else { throw anew }
    return result
  }

  private func reporting<Result>(
    _ key: Int64, _ body: (Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    do throws(HistoryError) { return try unchanged(key, body) } catch {
      store.log.error("the history can't be read: \(error)")
      if error.kind == .damaged {
        store.queue.async { [store] in
          // Other queries find the same damage; the next file does not have it.
          if store.id(key) != nil { store.handle(error) }
        }
      }
      throw error
    }
  }
}
