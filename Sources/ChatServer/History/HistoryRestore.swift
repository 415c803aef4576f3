internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem

/// Writes into a new history file what memory has of the old one: how far the rooms came, and their last lines and
/// files.
///
/// Thread: the history's queue.
struct HistoryRestore {
  /// How much is written at once.
  private static let roomsAtOnce = 1_000
  private static let groupBytes = 32_768
  private static let groupsAtOnce = 64

  private let store: HistoryStore
  private let host: any HistoryHost
  private let rooms: [RoomRecord]
  /// The rooms' numbers in the new file, by name.
  private var ids: [String: Int64] = [:]

  init(_ store: HistoryStore, _ host: any HistoryHost) {
    (self.store, self.host) = (store, host)
    rooms = host.openRooms
  }

  /// Writes all of it.
  consuming func run() throws(HistoryError) {
    try writeRooms()
    for room in rooms {
      guard let id = ids[room.name.text] else { continue }
      try writeLines(of: room, id)
      room.key.set(store.key(id))
    }
    try writeFiles()
  }

  private mutating func writeRooms() throws(HistoryError) {
    let reading = store.clock()
    let now = store.milliseconds(at: reading)
    var rows = rooms.map { room in
      HistoryWriter.RestoredRoom(
        name: room.name.text, isPrivate: room.isPrivate, sequence: room.publishedSequence,
        position: room.log.published)
    }
    for room in host.emptyRooms {
      let age = (reading.sinceBoot - room.sinceBoot) / .milliseconds(1)
      rows.append(
        HistoryWriter.RestoredRoom(
          name: room.name.text, isPrivate: room.name.kind == .private,
          sequence: room.end.sequence, position: room.end.position,
          emptiedMilliseconds: now - Int64(age)))
    }
    for start in stride(from: 0, to: rows.count, by: Self.roomsAtOnce) {
      let chunk = Array(rows[start..<min(rows.count, start + Self.roomsAtOnce)])
      for room in try store.writer.restore(chunk) { ids[room.name] = room.id }
    }
  }

  /// Writes the lines that a room's ring still holds.
  private func writeLines(of room: RoomRecord, _ id: Int64) throws(HistoryError) {
    let (position, bytes) = room.log.remembered(upTo: room.log.published)
    let lineFeed = UInt8(ascii: "\n")
    var sequence = room.publishedSequence - UInt64(bytes.count { $0 == lineFeed })
    try bytes.span.withUnsafeBytes { bytes throws(HistoryError) in
      var groups: [HistoryWriter.Group] = []
      var start = 0
      while start < bytes.count {
        let time = room.times.time(of: sequence + 1) ?? store.clock().wallMilliseconds
        // Lines of one time, as many as a group may hold.
        var (end, count) = (start, 0)
        while end < bytes.count,
          let next = bytes[end...].firstIndex(of: lineFeed),
          count == 0
            || (next + 1 - start <= Self.groupBytes
              && room.times.time(of: sequence + UInt64(count) + 1) == time)
        {
          (end, count) = (next + 1, count + 1)
        }
        guard count > 0 else { break }
        groups.append(
          HistoryWriter.Group(
            room: id, firstSequence: sequence + 1, lineCount: count,
            position: position + UInt64(start), timeMilliseconds: time,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
        sequence += UInt64(count)
        start = end
        if groups.count >= Self.groupsAtOnce || start == bytes.count {
          try store.writer.append(groups)
          groups = []
        }
      }
      if !groups.isEmpty { try store.writer.append(groups) }
    }
  }

  /// Writes which files there are, whether or not their lines are in memory.
  private mutating func writeFiles() throws(HistoryError) {
    var last: [String: UInt64] = [:]
    for room in rooms { last[room.name.text] = room.publishedSequence }
    var files: [(room: Int64, file: SharedFile)] = []
    for file in host.storedFiles {
      // A line that is not committed yet brings its file with it.
      guard file.sequence > 0, file.sequence <= last[file.room] ?? .max,
        let name = try? RoomName(file.room)
      else { continue }
      let id: Int64
      if let known = ids[file.room] {
        id = known
      } else {
        id = try store.writer.room(named: file.room, isPrivate: name.kind == .private).id
        ids[file.room] = id
      }
      files.append((id, file))
    }
    for start in stride(from: 0, to: files.count, by: Self.roomsAtOnce) {
      try store.writer.restoreFiles(
        Array(files[start..<min(files.count, start + Self.roomsAtOnce)]))
    }
  }
}
