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
  private let archivist: Archivist
  private let reader: HistoryReader
  /// Reads for those who have fallen behind: they do not wait for history queries.
  private let catchUpReader: HistoryReader
  private let catchUpQueue = DispatchQueue(label: "catch-up", qos: .userInitiated)

  /// Opens the history of a folder to read.
  ///
  /// - Throws: `HistoryError`.
  init(_ store: HistoryStore, _ archivist: Archivist, folder: FilePath) throws(HistoryError) {
    (self.store, self.archivist) = (store, archivist)
    reader = try HistoryReader(folder: folder)
    catchUpReader = try HistoryReader(folder: folder)
  }

  /// Whether what is said now is kept, and can be read later.
  var isKeeping: Bool { store.isKeeping }

  /// Waits until everything that was said so far can be read, up to a limit.
  ///
  /// - Parameter isWanted: asked from time to time.
  /// - Returns: whether it can.
  func waitUntilCurrent(while isWanted: () -> Bool) -> Bool {
    archivist.waitUntilCurrent(while: isWanted)
  }

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

  /// Reads the stream of a room from a position on, on a queue of its own.
  ///
  /// - Parameter completion: is given some of the bytes, contiguous; `nil` where they were not kept.
  func read(
    _ room: String, from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void
  ) {
    catchUpQueue.async { [self] in
      if let bytes = bytes(of: room, from: position), !bytes.isEmpty { return completion(bytes) }
      // It may not be archived yet.
      archivist.whenCurrent {
        self.catchUpQueue.async { completion(self.bytes(of: room, from: position)) }
      }
    }
  }

  private func bytes(of room: String, from position: UInt64) -> [UInt8]? {
    // A client that can't be read for is cut; the error is in the server's log.
    try? reading(room, with: catchUpReader) { reader, id throws(HistoryError) in
      try reader.bytes(of: id, from: position, limit: Self.catchUpBytes)
    } ?? nil
  }

  /// Reads the history of a room. If that shows that it is damaged, a new one begins.
  ///
  /// - Throws: `HistoryError` if it can't be read, or nothing of the room was kept.
  func reading<Result>(
    _ room: String, _ body: (HistoryReader, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result? { try reading(room, with: reader, body) }

  /// Searches the history of a room.
  func searching<Result>(
    _ room: String, _ body: (SearchIndex, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result? {
    guard let index = store.index else { throw HistoryError(.other, "there is no search index") }
    // Damage may be the index's own here: reading the history finds out about the history's.
    return try unchanged { () throws(HistoryError) in
      guard let id = try reader.room(named: room)?.id else { return nil }
      return try body(index, id)
    }
  }

  private func reading<Result>(
    _ room: String, with reader: HistoryReader,
    _ body: (HistoryReader, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result? {
    let generation = store.generation
    do throws(HistoryError) {
      return try unchanged { () throws(HistoryError) in
        guard let id = try reader.room(named: room)?.id else { return nil }
        return try body(reader, id)
      }
    } catch {
      store.log.error("the history can't be read: \(error)")
      store.noteDamage(error, in: generation)
      throw error
    }
  }

  /// Reads one file: in the next, a room's number is another room's.
  private func unchanged<Result>(
    _ body: () throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    let generation = store.generation
    let result = try body()
    guard store.generation == generation else {
      throw HistoryError(.other, "a new history has begun")
    }
    return result
  }
}
