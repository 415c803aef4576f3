internal import ChatCore
internal import ChatHistory
internal import ChatSystem

/// Writes into the history what lines do not tell: how far the rooms came, also without being kept, since when they are
/// empty, and which files are stored.
///
/// Thread: the history's queue.
struct HistoryRestore {
  /// How much is written at once.
  private static let rowsAtOnce = 1_000

  private let store: HistoryStore
  private let host: any HistoryHost
  /// The rooms' numbers in the file, by name.
  private var ids: [String: Int64] = [:]

  init(_ store: HistoryStore, _ host: any HistoryHost) { (self.store, self.host) = (store, host) }

  /// Writes all of it.
  consuming func run() throws(HistoryError) {
    try writeRooms()
    try writeFiles()
  }

  private mutating func writeRooms() throws(HistoryError) {
    let reading = store.clock()
    let now = store.milliseconds(at: reading)
    var rows = host.openRooms.map { name, end in
      HistoryWriter.RestoredRoom(
        name: name.text, isPrivate: name.kind == .private, sequence: end.sequence,
        position: end.position)
    }
    for room in host.emptyRooms {
      let age = (reading.sinceBoot - room.sinceBoot) / .milliseconds(1)
      rows.append(
        HistoryWriter.RestoredRoom(
          name: room.name.text, isPrivate: room.name.kind == .private,
          sequence: room.end.sequence, position: room.end.position,
          emptiedMilliseconds: now - Int64(age)))
    }
    for start in stride(from: 0, to: rows.count, by: Self.rowsAtOnce) {
      let chunk = Array(rows[start..<min(rows.count, start + Self.rowsAtOnce)])
      for room in try store.writer.restore(chunk) { ids[room.name] = room.id }
    }
  }

  /// Writes which files there are, whether or not their lines are there.
  private mutating func writeFiles() throws(HistoryError) {
    var files: [(room: Int64, file: SharedFile)] = []
    for file in host.storedFiles where file.sequence > 0 {
      guard let name = try? RoomName(file.room) else { continue }
      let id: Int64
      if let known = ids[file.room] {
        id = known
      } else {
        id = try store.writer.room(named: file.room, isPrivate: name.kind == .private).id
        ids[file.room] = id
      }
      files.append((id, file))
    }
    for start in stride(from: 0, to: files.count, by: Self.rowsAtOnce) {
      try store.writer.restoreFiles(
        Array(files[start..<min(files.count, start + Self.rowsAtOnce)]))
    }
  }
}
