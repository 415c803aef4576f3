/// The announced files, by what they are asked for by and by room.
struct FileTable: Sendable {
  private var files: [String: KeptFile] = [:]
  /// The files of each room, the newest last.
  private var rooms: [String: [String]] = [:]

  /// Finds a file.
  subscript(id: String) -> KeptFile? { files[id] }

  /// Adds the newest file of its room, which has a name of its own.
  mutating func add(_ file: KeptFile) {
    files[file.id] = file
    rooms[file.room, default: []].append(file.id)
  }

  /// Removes a file.
  mutating func remove(id: String) {
    guard let file = files.removeValue(forKey: id) else { return }
    // The oldest go first: it is found at once.
    if let index = rooms[file.room]?.firstIndex(of: id) { rooms[file.room]?.remove(at: index) }
    if rooms[file.room]?.isEmpty == true { rooms[file.room] = nil }
  }

  /// Removes the oldest files of a room that has more than so many, and says which they were.
  mutating func removeOldest(ofRoom room: String, beyond limit: Int) -> [KeptFile] {
    let surplus = (rooms[room]?.count ?? 0) - limit
    guard surplus > 0, let ids = rooms[room]?.prefix(surplus) else { return [] }
    let removed = ids.compactMap { files.removeValue(forKey: $0) }
    rooms[room]?.removeFirst(surplus)
    return removed
  }

  /// Removes all files of a room, and says which they were.
  mutating func removeRoom(_ room: String) -> [KeptFile] {
    (rooms.removeValue(forKey: room) ?? []).compactMap { files.removeValue(forKey: $0) }
  }

  /// A room's files, the newest first.
  func inRoom(_ room: String, limit: Int) -> [KeptFile] {
    (rooms[room] ?? []).suffix(max(0, limit)).reversed().compactMap { files[$0] }
  }
}
