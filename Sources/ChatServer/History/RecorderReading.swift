internal import ChatHistory
internal import Dispatch

/// What is read of the history while it is written.
///
/// Thread: any; it waits for the disk.
extension Recorder {
  /// The most bytes read at once for a reader that has fallen behind.
  private static let catchUpBytes = 131_072

  /// Hands over every file that a line tells of, the oldest first. When the server starts.
  ///
  /// - Returns: whether these are all that this history knows.
  func files(_ body: (StoredFile) -> Void) -> Bool {
    do throws(HistoryError) {
      try reader.files(body)
      return true
    } catch {
      log.error("the files that were sent can't be found: \(error)")
      return false
    }
  }

  /// Reads the stream of the room with this key from a position on.
  func read(
    _ key: Int64, from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void
  ) {
    catchUpQueue.async {
      // Whoever can't be read for is cut off; the error is in the server's log.
      let bytes = try? self.reporting(key) { id throws(HistoryError) in
        try self.catchUpReader.bytes(of: id, from: position, limit: Self.catchUpBytes)
      }
      completion(bytes ?? nil)
    }
  }

  /// Reads the history of the room with this key; if that shows that it is damaged, a new one begins.
  func reading<Result>(
    _ key: Int64, _ body: (HistoryReader, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try reporting(key) { id throws(HistoryError) in try body(reader, id) }
  }

  /// Searches the history of the room with this key.
  func searching<Result>(
    _ key: Int64, _ body: (SearchIndex, Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    guard let index else { throw HistoryError(.other, "there is no search index") }
    // Damage may be the index's own here: whoever reads the history finds out about the history's.
    return try unchanged(key) { id throws(HistoryError) in try body(index, id) }
  }

  /// Does something with the room that has this key, in one file: in the next, its number is another room's.
  private func unchanged<Result>(
    _ key: Int64, _ body: (Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    let anew = HistoryError(.other, "a new history has begun")
    guard let id = id(key) else { throw anew }
    let result = try body(id)
    guard self.id(key) != nil else { throw anew }
    return result
  }

  private func reporting<Result>(
    _ key: Int64, _ body: (Int64) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    do throws(HistoryError) { return try unchanged(key, body) } catch {
      log.error("the history can't be read: \(error)")
      if error.kind == .damaged {
        queue.async {
          // Whoever else has read the same file has found the same; the next one is innocent.
          if self.id(key) != nil { self.handle(error) }
        }
      }
      throw error
    }
  }
}
