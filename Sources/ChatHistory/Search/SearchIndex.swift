package import ChatSystem

/// Finds lines by their words: `search.db` beside the history.
///
/// It runs behind the history, filled whenever there is time. What it has not reached yet is scanned,
/// so that an answer is complete at any time. The file is derived: where it is damaged, of another
/// version or of another history, it is deleted and rebuilt.
///
/// Thread: any; one at a time is inside, and a call takes as long as its limit allows.
package final class SearchIndex: @unchecked Sendable {
  // Safety: everything that changes is guarded by `lock`. Lock order: `lock`, then the reader's.

  /// How many lines are looked at before it is asked whether they are wanted.
  private static let linesBetweenChecks = 64

  private let folder: FilePath
  private let lock = Lock()
  private let reader: HistoryReader
  private var tables: SearchTables?
  private var wasLost = false
  /// A line's words, here so that the space for them is used again.
  private var words: [UInt8] = []

  /// Opens a folder's index, or makes one. The history is there already.
  package init(folder: FilePath) throws(HistoryError) {
    self.folder = folder
    reader = try HistoryReader(folder: folder)
    try withTables { (_, _) throws(HistoryError) in }
  }

  /// Puts more of the history's lines into the index, the oldest first, in whole groups.
  ///
  /// - Parameter limit: about how many; some thousands are some milliseconds.
  /// - Returns: how many they were; 0 if the index is complete.
  package func fill(limit: Int) throws(HistoryError) -> Int {
    try withTables { reader, tables throws(HistoryError) in
      var count = 0
      try tables.transaction { () throws(HistoryError) in
        var last: (group: Int64, room: Int64, first: UInt64, time: Int64)?
        try reader.eachGroup(after: tables.lastGroup) { group throws(HistoryError) in
          try insert(group, reader, tables)
          count += group.lineCount
          last = (group.id, group.room, group.firstSequence, group.timeMilliseconds)
          return count < limit
        }
        if let last {
          try tables.setProgress(
            group: last.group, room: last.room, first: last.first, time: last.time)
        }
      }
      if count == 0 { try removeGoneRooms(reader, tables) }
      return count
    }
  }

  /// Finds the lines of a room that hold all words, the newest first.
  ///
  /// - Parameters:
  ///   - words: as they were typed; what is neither letter nor digit only parts them.
  ///   - sequence: the lines are numbered before this; `nil`: all.
  ///   - limit: how many at most.
  ///   - isWanted: asked before anything is looked at, and from time to time: if not, the lines found so far will do.
  package func search(
    _ words: String, in room: Int64, before sequence: UInt64?, limit: Int,
    while isWanted: () -> Bool = { true }
  ) throws(HistoryError) -> [PastLine] {
    let query = SearchQuery(words)
    guard !query.isEmpty, limit > 0 else { return [] }
    return try withTables { reader, tables throws(HistoryError) in
      var found: [PastLine] = []
      // It may have waited here for the others.
      guard isWanted() else { return [] }
      try scan(
        reader, tables, query, in: room, before: sequence, limit: limit, while: isWanted,
        into: &found)
      try lookUp(
        reader, tables, query, in: room, before: sequence, limit: limit, while: isWanted,
        into: &found)
      found.reverse()
      try reader.noteFiles(in: &found, of: room)
      found.reverse()
      return found
    }
  }

  /// Forgets a room, before its groups are deleted; nothing is said there any more.
  ///
  /// - Parameter limit: how many groups one call goes through at most.
  /// - Returns: true when not even the words are left in the file.
  package func forget(_ room: Int64, limit: Int) throws(HistoryError) -> Bool {
    try forget([room], limit: limit)
  }

  /// Forgets several rooms at once: what has to be put in order afterwards is so only once.
  package func forget(_ rooms: [Int64], limit: Int) throws(HistoryError) -> Bool {
    try withTables { reader, tables throws(HistoryError) in
      var left = max(1, limit)
      for room in rooms {
        left -= try tables.transaction { () throws(HistoryError) in
          try removeWords(of: room, limit: left, reader, tables)
        }
        guard left > 0 else { return false }
      }
      return try tables.merge()
    }
  }

  /// Whether the file was removed or replaced since this was asked last: the next `fill`
  /// starts over.
  package func takeLoss() -> Bool {
    lock.withLock {
      if let tables, !tables.isInPlace { discard(tables) }
      defer { wasLost = false }
      return wasLost
    }
  }

  /// Gives up a file that is gone, and removes what is left of it.
  private func discard(_ lost: SearchTables) {
    wasLost = true
    lost.leaveFilesOnClose()
    tables = nil
    SearchTables.remove(folder: folder)
  }

  // MARK: - Filling

  private func insert(
    _ group: StoredGroup, _ reader: ReaderTables, _ tables: SearchTables
  ) throws(HistoryError) {
    var slot = try tables.slot(of: group.room)
    if slot == nil {
      try tables.makeSlot(
        of: group.room, isPrivate: try reader.room(group.room)?.isPrivate ?? false)
      slot = try tables.slot(of: group.room)
    }
    guard let slot, slot.forgottenUpTo == nil else { return }
    let table = tables.words(of: slot)
    try group.eachLine { sequence, line throws(HistoryError) in
      SearchWords.split(line, into: &words)
      try table.insert(slot.row(sequence), words)
      return true
    }
  }

  /// A forgotten room keeps its place until the history has deleted it too, or it would be indexed again.
  private func removeGoneRooms(
    _ reader: ReaderTables, _ tables: SearchTables
  ) throws(HistoryError) {
    for room in try tables.forgottenRooms() where try reader.room(room) == nil {
      try tables.removeSlot(of: room)
    }
  }

  // MARK: - Searching

  /// Goes through the lines that are not indexed yet.
  private func scan(
    _ reader: ReaderTables, _ tables: SearchTables, _ query: SearchQuery, in room: Int64,
    before end: UInt64?, limit: Int, while isWanted: () -> Bool, into found: inout [PastLine]
  ) throws(HistoryError) {
    var lines: [PastLine] = []
    try reader.eachGroupBackward(of: room, before: end ?? .max) { group throws(HistoryError) in
      guard group.id > tables.lastGroup else { return false }
      var matches: [PastLine] = []
      try group.eachLine { sequence, line in
        guard sequence < end ?? .max else { return false }
        SearchWords.split(line, into: &words)
        if query.matches(words) { matches.append(group.pastLine(sequence, line)) }
        return true
      }
      lines += matches.reversed().prefix(limit - lines.count)
      return lines.count < limit && isWanted()
    }
    found += lines
  }

  /// Asks the index, and looks at each line that it names.
  private func lookUp(
    _ reader: ReaderTables, _ tables: SearchTables, _ query: SearchQuery, in room: Int64,
    before end: UInt64?, limit: Int, while isWanted: () -> Bool, into found: inout [PastLine]
  ) throws(HistoryError) {
    guard isWanted(), found.count < limit, end ?? .max > 0, let slot = try tables.slot(of: room),
      slot.forgottenUpTo == nil
    else { return }
    var lines: [PastLine] = []
    let missing = limit - found.count
    var looked = 0
    let rows = slot.row(0)...slot.row((end ?? .max) - 1)
    try tables.words(of: slot).find(query.indexQuery, in: rows) { row throws(HistoryError) in
      let sequence = SearchTables.Slot.sequence(ofRow: row)
      guard let line = try reader.line(sequence, of: room) else { return true }
      line.bytes.withUnsafeBytes { SearchWords.split($0, into: &words) }
      if query.matches(words) { lines.append(line) }
      looked += 1
      return lines.count < missing && (looked % Self.linesBetweenChecks > 0 || isWanted())
    }
    found += lines
  }

  // MARK: - Forgetting

  /// Takes out the words of some of a room's groups.
  ///
  /// - Returns: how many groups they were.
  private func removeWords(
    of room: Int64, limit: Int, _ reader: ReaderTables, _ tables: SearchTables
  ) throws(HistoryError) -> Int {
    var found = try tables.slot(of: room)
    if found == nil {
      // None of its lines has been indexed yet, and none will be.
      guard let room = try reader.room(room) else { return 0 }
      try tables.makeSlot(of: room.id, isPrivate: room.isPrivate)
      found = try tables.slot(of: room.id)
    }
    guard let slot = found else { return 0 }
    let table = tables.words(of: slot)
    var count = 0
    var last = slot.forgottenUpTo ?? 0
    try reader.eachGroupForward(of: room, after: last, before: nil) { group throws(HistoryError) in
      // The first group handed over may be the last one done.
      guard group.firstSequence > last else { return true }
      guard group.id <= slot.lastIndexedGroup ?? tables.lastGroup else { return false }
      try group.eachLine { sequence, line throws(HistoryError) in
        SearchWords.split(line, into: &words)
        try table.remove(slot.row(sequence), words)
        return true
      }
      last = group.lastSequence
      count += 1
      return count < limit
    }
    if count > 0 { try tables.setUnmerged(slot) }
    try tables.setForgotten(room, upTo: last)
    return count
  }

  // MARK: - The file

  /// Runs `body` on the tables and on those of the history that they fit to; once more, on new tables,
  /// if they turn out to be damaged.
  private func withTables<Result: Sendable>(
    _ body: (ReaderTables, SearchTables) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try lock.withLock { () throws(HistoryError) in
      try reader.withTables { reader throws(HistoryError) in
        do throws(HistoryError) {
          return try body(reader, try tables(for: reader))
        } catch {
          guard let damaged = tables, damaged.isDamaged else { throw error }
          damaged.leaveFilesOnClose()
          tables = nil
          SearchTables.remove(folder: folder)
          return try body(reader, try tables(for: reader))
        }
      }
    }
  }

  private func tables(for reader: ReaderTables) throws(HistoryError) -> SearchTables {
    if let tables {
      if !tables.isInPlace {
        discard(tables)
      } else if tables.identity == reader.identity {
        return tables
      }
    }
    tables = nil
    let opened = try SearchTables.open(folder: folder, reader: reader)
    tables = opened
    return opened
  }
}
