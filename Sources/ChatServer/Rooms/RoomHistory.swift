internal import ChatHistory

/// The history of one room, to read.
///
/// Thread: any. Everything but `read` waits for the disk, and is not for a Dispatch queue that others wait for.
final class RoomHistory: Backlog {
  private let queries: HistoryQueries
  private let room: String

  /// Reads the history of the room of this name.
  init(_ queries: HistoryQueries, room: String) {
    (self.queries, self.room) = (queries, room)
  }

  /// Whether a reader can come back to what is said now.
  var canReadOn: Bool { queries.isKeeping }

  /// Waits until everything that was said so far can be read, up to a limit.
  ///
  /// - Parameter isWanted: asked from time to time.
  /// - Returns: whether it can.
  func waitUntilCurrent(while isWanted: () -> Bool) -> Bool {
    queries.waitUntilCurrent(while: isWanted)
  }

  /// Reads the room's stream from a position on, on a queue of its own.
  ///
  /// - Parameter completion: is given some of the bytes, contiguous; `nil` where they were not kept.
  func read(from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void) {
    queries.read(room, from: position, completion)
  }

  /// Some of the lines after a number and before another, oldest first; none if there are no more.
  func lines(
    after sequence: UInt64, before end: UInt64, limit: Int, byteLimit: Int
  ) throws(HistoryError) -> [PastLine] {
    try queries.reading(room) { reader, id throws(HistoryError) in
      try reader.lines(
        of: id, after: sequence, before: end, limit: limit, byteLimit: byteLimit)
    } ?? []
  }

  /// After which number the last `count` lines before another begin.
  func sequence(beforeLast count: Int, before end: UInt64) throws(HistoryError) -> UInt64 {
    try queries.reading(room) { reader, id throws(HistoryError) in
      try reader.sequence(beforeLast: count, of: id, before: end)
    } ?? 0
  }

  /// Lines before a number that hold all words, newest first; some of them where they are not wanted any more.
  func search(
    _ words: String, before end: UInt64, limit: Int, while isWanted: () -> Bool
  ) throws(HistoryError) -> [PastLine] {
    try queries.searching(room) { index, id throws(HistoryError) in
      try index.search(words, in: id, before: end, limit: limit, while: isWanted)
    } ?? []
  }
}
