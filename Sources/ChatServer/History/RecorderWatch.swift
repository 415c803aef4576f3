internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// How it is noticed that somebody removes, moves or replaces the files under the running server: what is written
/// to a file that has no name any more is lost with the process.
///
/// Thread: the recorder's queue, but for `watchFiles`.
extension Recorder {
  private static let watchInterval = DispatchTimeInterval.seconds(1)
  /// How much is written back at once.
  private static let restoredBytes = 1_048_576
  private static let restoredRooms = 1_000

  /// Looks after the files, from now on.
  func watchFiles() {
    queue.sync {
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(deadline: .now() + Self.watchInterval, repeating: Self.watchInterval)
      timer.setEventHandler { [weak self] in
        self?.lookAfterFiles()
        self?.followClock()
      }
      timer.activate()
      watchTimer = timer
    }
  }

  /// Looks after the files now: what memory has is written back while there still are rooms.
  func lookOnce() { queue.sync { lookAfterFiles() } }

  func lookAfterFiles() {
    // On its own queue: whoever searches may keep it waiting.
    indexer?.check()
    let isLocked = folder.isInPlace
    do throws(HistoryError) {
      if !isLocked {
        do throws(DataFolderError) { try folder.reclaim() } catch {
          throw HistoryError(.full, error.description)
        }
        log.warning("\(folder.path) was gone, or its lock: it is locked again")
      }
      checkFiles()
      switch writer.place {
      case .there: break
      case .logGone:
        try writer.renew()
        log.error(
          "the history's log is gone: a new file was made of what is open, and nothing is lost")
      case .gone:
        _ = try beginAnew(settingAsideAs: "found")
        log.error("the history is gone from \(folder.path): a new one begins, with what memory has")
        announce("The history was lost: a new one begins, with what was still in memory.")
      }
      isMisplaced = false
    } catch {
      isMisplaced = true
      handle(error)
    }
  }

  // MARK: What memory has

  /// Writes into a new history how far the rooms came, and what is in memory of their lines and files.
  func restore() throws(HistoryError) {
    var ids: [String: Int64] = [:]
    let reading = clock()
    let now = steadyClock.milliseconds(at: reading)
    let rooms = openRooms()
    var rows = rooms.map { room in
      HistoryWriter.RestoredRoom(
        name: room.name.text, isPrivate: room.name.kind == .private,
        sequence: room.publishedSequence, position: room.log.published)
    }
    for room in leftRooms() {
      let age = (reading.sinceBoot - room.sinceBoot) / .milliseconds(1)
      rows.append(
        HistoryWriter.RestoredRoom(
          name: room.name.text, isPrivate: room.name.kind == .private,
          sequence: room.end.sequence, position: room.end.position,
          emptiedMilliseconds: now - Int64(age)))
    }
    for start in stride(from: 0, to: rows.count, by: Self.restoredRooms) {
      let chunk = Array(rows[start..<min(rows.count, start + Self.restoredRooms)])
      for room in try writer.restore(chunk) { ids[room.name] = room.id }
    }
    for room in rooms {
      guard let id = ids[room.name.text] else { continue }
      try restoreLines(of: room, id)
      room.key.set(key(id))
    }
    try restoreFiles(ids, rooms)
    indexer?.wake()
  }

  /// Writes the lines that a room's ring still holds.
  private func restoreLines(of room: RoomRecord, _ id: Int64) throws(HistoryError) {
    let (position, bytes) = room.log.remembered(upTo: room.log.published)
    let lineFeed = UInt8(ascii: "\n")
    var sequence = room.publishedSequence - UInt64(bytes.count { $0 == lineFeed })
    var failure: HistoryError?
    bytes.withUnsafeBytes { bytes in
      var groups: [HistoryWriter.Group] = []
      var start = 0
      do throws(HistoryError) {
        while start < bytes.count {
          let time = room.times.time(of: sequence + 1) ?? clock().wallMilliseconds
          // Lines of one time, as many as a group may hold.
          var (end, count) = (start, 0)
          while end < bytes.count,
            let next = bytes[end...].firstIndex(of: lineFeed),
            count == 0
              || (next + 1 - start <= Self.restoredGroupBytes
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
          if groups.count >= Self.restoredGroups || start == bytes.count {
            try writer.append(groups)
            groups = []
          }
        }
        if !groups.isEmpty { try writer.append(groups) }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private static let restoredGroupBytes = 32_768
  private static let restoredGroups = 64

  /// Writes which files there are, whether or not their lines are in memory.
  private func restoreFiles(
    _ known: [String: Int64], _ rooms: [RoomRecord]
  ) throws(HistoryError) {
    var ids = known
    var last: [String: UInt64] = [:]
    for room in rooms { last[room.name.text] = room.publishedSequence }
    var files: [HistoryWriter.RestoredFile] = []
    for file in keptFiles() {
      // A line that is not kept yet brings its file with it.
      guard file.sequence > 0, file.sequence <= last[file.room] ?? .max,
        let name = try? RoomName(file.room)
      else { continue }
      let id: Int64
      if let known = ids[file.room] {
        id = known
      } else {
        id = try writer.room(named: file.room, isPrivate: name.kind == .private).id
        ids[file.room] = id
      }
      files.append(
        HistoryWriter.RestoredFile(
          room: id, record: file.record(sequence: file.sequence),
          timeMilliseconds: file.timeMilliseconds))
    }
    for start in stride(from: 0, to: files.count, by: Self.restoredRooms) {
      try writer.restoreFiles(Array(files[start..<min(files.count, start + Self.restoredRooms)]))
    }
  }
}
