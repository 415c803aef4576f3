internal import ChatCore
internal import ChatHistory

/// A room's lines that wait to be committed.
struct PendingLines {
  let room: RoomRecord
  /// How far they are in a group already.
  private(set) var position: UInt64
  private var sequence: UInt64
  let end: UInt64

  /// All of a room's lines that are not published.
  init(room: RoomRecord) {
    self.room = room
    position = room.log.published
    sequence = room.publishedSequence
    end = room.log.head
  }

  /// The next lines, at most so many bytes.
  mutating func next(_ limit: UInt64) -> PendingGroup? {
    guard position < end else { return nil }
    var bytes = room.log[position..<min(end, position + limit)]
    if position + UInt64(bytes.count) < end {
      // A line is shorter than a group, so there is a last one.
      let lineFeed = bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
      bytes = UnsafeRawBufferPointer(rebasing: bytes[...lineFeed])
    }
    var count = 0
    for byte in bytes where byte == UInt8(ascii: "\n") { count += 1 }
    defer {
      position += UInt64(bytes.count)
      sequence += UInt64(count)
    }
    return PendingGroup(
      room: room, start: position, bytes: bytes, firstSequence: sequence + 1, lineCount: count)
  }
}

/// Lines of a room that are committed together. They are not published, so the ring keeps their bytes.
struct PendingGroup {
  let room: RoomRecord
  let start: UInt64
  let bytes: UnsafeRawBufferPointer
  let firstSequence: UInt64
  let lineCount: Int

  /// Which files some of the lines tell of.
  var files: [SharedFile] { room.files(of: firstSequence...lastSequence) }
  var lastSequence: UInt64 { firstSequence + UInt64(lineCount) - 1 }
  var end: UInt64 { start + UInt64(bytes.count) }
}
