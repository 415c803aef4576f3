internal import ChatSystem

/// Lines that were committed together, as a row of `groups` has them.
package struct StoredGroup {
  /// The columns that `init` reads, in their order.
  static let columns = "id, room, first, count, time, bytes"

  /// Its number in this history; later ones are greater.
  package let id: Int64
  /// The room's number.
  let room: Int64
  /// The number of its first line.
  let firstSequence: UInt64
  /// How many lines it has.
  package let lineCount: Int
  /// When they were said: milliseconds since 1970, UTC.
  let timeMilliseconds: Int64
  /// The lines, each with its LF. Valid as long as the row.
  private let bytes: UnsafeRawBufferPointer

  /// Reads a row.
  init(_ row: Statement.Row) {
    self.init(
      id: row.integer(0), room: row.integer(1), first: row.integer(2), count: row.integer(3),
      timeMilliseconds: row.integer(4), bytes: row.bytes(5))
  }

  /// Takes the numbers of a row as they stand: in a damaged file they may be any.
  ///
  /// - Parameter bytes: have to be there as long as the group is.
  package init(
    id: Int64, room: Int64, first: Int64, count: Int64, timeMilliseconds: Int64,
    bytes: UnsafeRawBufferPointer
  ) {
    (self.id, self.room, self.timeMilliseconds) = (id, room, timeMilliseconds)
    self.bytes = bytes
    firstSequence = UInt64(clamping: first)
    // One that cannot be right stays so, and small.
    lineCount = Int(clamping: max(0, min(count, Int64(bytes.count) + 1)))
  }

  /// The number of its last line.
  var lastSequence: UInt64 { firstSequence &+ UInt64(lineCount) &- 1 }

  /// Hands over its lines, without their LF, as long as `body` wants more.
  ///
  /// - Throws: `HistoryError` of kind `damaged` if the bytes are not the lines they should be.
  package func eachLine(
    _ body: (_ sequence: UInt64, _ line: UnsafeRawBufferPointer) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    var start = 0
    var sequence = firstSequence
    var left = lineCount
    while start < bytes.count {
      guard let end = bytes.firstIndex(of: 0x0A, from: start), left > 0 else { throw damaged }
      let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      guard try body(sequence, line) else { return }
      start = end + 1
      sequence += 1
      left -= 1
    }
    guard left == 0 else { throw damaged }
  }

  /// The line of a number, its copy without its file; `nil` if the group does not hold it.
  package func line(_ wanted: UInt64) throws(HistoryError) -> PastLine? {
    var found: PastLine?
    try eachLine { sequence, line throws(HistoryError) in
      guard sequence == wanted else { return true }
      found = pastLine(sequence, line)
      return false
    }
    return found
  }

  /// A copy of one of its lines, without its file: `ReaderTables.noteFiles` knows that.
  package func pastLine(_ sequence: UInt64, _ line: UnsafeRawBufferPointer) -> PastLine {
    PastLine(sequence: sequence, timeMilliseconds: timeMilliseconds, bytes: Array(line))
  }

  private var damaged: HistoryError {
    HistoryError(
      .damaged, "group \(id) of the history does not hold the \(lineCount) lines it should")
  }
}
