internal import ChatHistory
internal import Synchronization

/// What the history has of one room.
///
/// Thread: any. Everything but `read` waits for the disk, and is not for a Dispatch queue that others wait for.
final class RoomPast: Sendable {
  private let recorder: Recorder
  private let currentKey: Atomic<Int64>

  /// Makes what is known of a room with this key.
  init(_ recorder: Recorder, key: Int64) {
    self.recorder = recorder
    currentKey = Atomic(key)
  }

  /// The room's key (`RoomKey`); 0 as long as it has none. Set by the recorder.
  var key: Int64 { currentKey.load(ordering: .acquiring) }

  /// Sets the key. Thread: the recorder's.
  func set(_ key: Int64) { currentKey.store(key, ordering: .releasing) }

  /// Whether a reader can come back to what is said now.
  var isKept: Bool { recorder.isKeeping && key != 0 }

  /// Reads the room's stream from a position on, on a queue of its own.
  ///
  /// - Parameter completion: is given some of the bytes, contiguous; `nil` where they were not kept.
  func read(from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void) {
    recorder.read(key, from: position, completion)
  }

  /// Some of the lines after a number and before another, oldest first; none if there are no more.
  func lines(
    after sequence: UInt64, before end: UInt64, limit: Int, byteLimit: Int
  ) throws(HistoryError) -> [PastLine] {
    try recorder.reading(key) { reader, id throws(HistoryError) in
      try reader.lines(
        of: id, after: sequence, before: end, limit: limit, byteLimit: byteLimit)
    }
  }

  /// After which number the last `count` lines before another begin.
  func sequence(beforeLast count: Int, before end: UInt64) throws(HistoryError) -> UInt64 {
    try recorder.reading(key) { reader, id throws(HistoryError) in
      try reader.sequence(beforeLast: count, of: id, before: end)
    }
  }

  /// Lines before a number that hold all words, newest first; some of them where they are not wanted any more.
  func search(
    _ words: String, before end: UInt64, limit: Int, while isWanted: () -> Bool
  ) throws(HistoryError) -> [PastLine] {
    try recorder.searching(key) { index, id throws(HistoryError) in
      try index.search(words, in: id, before: end, limit: limit, while: isWanted)
    }
  }
}
