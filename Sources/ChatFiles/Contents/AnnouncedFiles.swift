internal import ChatCore

/// The announced files, by what they are asked for by, by room, and by age.
struct AnnouncedFiles: Sendable {
  private var files: [String: SharedFile] = [:]
  /// All files.
  private var order = LinkedOrder<String>()
  /// The files of each room that has some.
  private var rooms: [String: LinkedOrder<String>] = [:]

  /// Finds a file.
  subscript(id: String) -> SharedFile? { files[id] }

  /// All files, the one added first first.
  var all: [SharedFile] { order.oldestFirst.compactMap { files[$0] } }

  /// How many there are.
  var count: Int { order.count }

  /// Notes which line announces a file.
  mutating func setSequence(_ sequence: UInt64, of id: String) { files[id]?.sequence = sequence }

  /// Adds the newest file of all, which has a name of its own.
  mutating func add(_ file: SharedFile) {
    files[file.id] = file
    order.append(file.id)
    rooms[file.room, default: LinkedOrder()].append(file.id)
  }

  /// Removes a file, and says which it was. However many there are, it takes the same time.
  @discardableResult
  mutating func remove(id: String) -> SharedFile? {
    guard let file = files.removeValue(forKey: id) else { return nil }
    order.remove(id)
    rooms[file.room]?.remove(id)
    if rooms[file.room]?.count == 0 { rooms[file.room] = nil }
    return file
  }

  /// Removes the oldest files if there are more than so many, and says which they were.
  mutating func removeOldest(beyond limit: Int) -> [SharedFile] {
    let surplus = max(0, order.count - limit)
    let ids = Array(order.oldestFirst.prefix(surplus))
    return ids.compactMap { remove(id: $0) }
  }

  /// Removes the oldest files of a room that has more than so many, and says which they were.
  mutating func removeOldest(ofRoom room: String, beyond limit: Int) -> [SharedFile] {
    let surplus = max(0, (rooms[room]?.count ?? 0) - limit)
    let ids = rooms[room].map { Array($0.oldestFirst.prefix(surplus)) } ?? []
    return ids.compactMap { remove(id: $0) }
  }

  /// Removes all files of a room, and says which they were.
  mutating func removeRoom(_ room: String) -> [SharedFile] {
    removeOldest(ofRoom: room, beyond: 0)
  }

  /// A room's files, the newest first.
  func inRoom(_ room: String, limit: Int) -> [SharedFile] {
    guard let order = rooms[room] else { return [] }
    return order.newestFirst.prefix(max(0, limit)).compactMap { files[$0] }
  }
}
