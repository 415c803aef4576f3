internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Commits what rooms say: one more reader of every room's log, and the first. Lines are published when they are
/// committed.
///
/// While it commits, the logs grow; so a busy server commits many lines at once, and an idle one each line as it
/// comes. If nothing can be committed, the rooms go on live, everyone is told so, and it tries again as lines come.
///
/// Thread: any, but for what is confined to the history's queue.
final class Recorder: @unchecked Sendable {
  // Safety: what changes is guarded by its lock, or confined to the history's queue.

  /// The most bytes committed at once: others wait meanwhile.
  private static let commitBytes = 1_048_576
  /// The most bytes of a group: to read one line of it, all of them are read.
  private static let groupBytes: UInt64 = 32_768
  /// SQLite's log is written back into the file behind the commits, after so many, or so many bytes; only if that does
  /// not keep up do the commits do it themselves, and wait. The first commit after that waits for the disk (SQLite
  /// makes the log's new beginning durable), 50 ms where files keep it busy: so it is not done often.
  private static let commitsPerCheckpoint = 2_500
  private static let bytesPerCheckpoint = 50_000_000
  /// What a group takes in the log besides its bytes, about: the pages of the tables' indices.
  private static let groupOverhead = 16_384

  /// Reads what was committed.
  let queries: HistoryQueries

  private let store: HistoryStore
  private let expiry: RoomExpiry
  private let watch: HistoryWatch
  private let folder: DataFolder
  private let checkpointer: HistoryReader
  private let checkpointQueue = DispatchQueue(label: "checkpoint", qos: .utility)

  private struct Waiting {
    /// Rooms that said something.
    var rooms: [RoomRecord] = []
    /// A drain is on its way.
    var isScheduled = false
  }

  private let waiting = Guarded(Waiting())

  /// Since the last checkpoint.
  private var commits = 0
  private var committedBytes = 0
  /// How far rooms came whose last lines could not be committed.
  private var skipped: [RoomName: RoomStart] = [:]

  /// Opens the history of a folder.
  ///
  /// - Throws: `HistoryError`.
  init(
    folder: DataFolder, isDurable: Bool, clock: @escaping @Sendable () -> ClockReading,
    log: EventLog
  ) throws(HistoryError) {
    self.folder = folder
    store = try HistoryStore(folder: folder.path, isDurable: isDurable, clock: clock, log: log)
    queries = try HistoryQueries(store, folder: folder.path)
    checkpointer = try HistoryReader(folder: folder.path)
    expiry = RoomExpiry(store)
    watch = HistoryWatch(store, folder: folder)
    store.indexer?.wake()
  }

  // MARK: Start and end

  /// Begins what it does by itself: watching the files, and deleting expired rooms.
  ///
  /// - Parameters:
  ///   - host: the server, which is not retained.
  ///   - age: how long a private room outlives its last member.
  func start(for host: any HistoryHost, expireRoomsAfter age: Duration) {
    store.queue.sync {
      store.host = host
      expiry.start(after: age)
      watch.start()
    }
  }

  /// Checks the files now: what memory has can be written again as long as there are rooms.
  func checkFiles() { store.queue.sync { watch.check() } }

  /// Ends, when nothing will be said any more: everything said is committed.
  func finish() {
    store.queue.sync {
      expiry.stop()
      watch.stop()
      // What happened since the last check would not be noticed.
      watch.check()
      store.followClock()
      do throws(HistoryError) { try recordSkipped() } catch {
        store.log.error("numbers of lines that were not kept will be used again: \(error)")
      }
      store.host = nil
    }
    store.indexer?.stop()
    // The next one to open the file has less to do, and a copy of it is the whole; if not, nothing is lost.
    try? checkpointer.emptyLog()
    folder.release()
  }

  // MARK: Rooms

  /// How far a room came; `nil` if there is none and there has to be.
  ///
  /// - Throws: `HistoryError` if the history can't be read: a room must not begin with numbers that were used.
  func open(_ name: RoomName, mustExist: Bool) throws(HistoryError) -> RoomStart? {
    let result: Result<RoomStart?, HistoryError> = store.queue.sync {
      do throws(HistoryError) { return .success(try find(name, mustExist: mustExist)) } catch {
        store.handle(error)
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func find(_ name: RoomName, mustExist: Bool) throws(HistoryError) -> RoomStart? {
    guard !expiry.contains(name.text) else { return nil }
    let room = try store.writer.existingRoom(named: name.text)
    guard room != nil || !mustExist else { return nil }
    var start = skipped[name] ?? RoomStart()
    guard let room else { return start }
    start.sequence = max(start.sequence, room.lastSequence)
    start.position = max(start.position, room.endPosition)
    start.key = store.key(room.id)
    if room.isPrivate {
      // If this can't be written, the sweep of expired rooms sees that it has members.
      do throws(HistoryError) { try store.writer.setEmptied(room.id, at: nil) } catch {
        store.handle(error)
      }
    }
    return start
  }

  /// Whether the history has a private room.
  func exists(_ name: RoomName) -> Bool {
    store.queue.sync {
      guard !expiry.contains(name.text) else { return false }
      do throws(HistoryError) {
        return try store.writer.existingRoom(named: name.text) != nil
      } catch {
        store.handle(error)
        return false
      }
    }
  }

  /// The last has left a private room.
  ///
  /// - Parameter isSo: whether it has not been entered since.
  func noteEmpty(_ key: RoomKey, _ isSo: @escaping @Sendable () -> Bool) {
    let reading = store.clock()
    store.queue.async { [store] in
      guard let id = store.id(key.value), isSo() else { return }
      do throws(HistoryError) {
        try store.writer.setEmptied(id, at: store.milliseconds(at: reading))
      } catch {
        store.handle(error)
      }
    }
  }

  // MARK: Committing

  /// Has a room's new lines committed and published.
  func wake(for room: RoomRecord) {
    let wasAwaiting = room.isAwaitingRecord.exchange(true, ordering: .acquiringAndReleasing)
    guard !wasAwaiting else { return }
    let wasScheduled = waiting.withLock { waiting in
      waiting.rooms.append(room)
      defer { waiting.isScheduled = true }
      return waiting.isScheduled
    }
    if !wasScheduled { store.queue.async { self.drain() } }
  }

  /// Waits until everything that it has been woken for is published.
  func waitUntilDrained() { store.queue.sync {} }

  private func drain() {
    let rooms = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting.rooms
    }
    var pending = rooms.map { room in
      // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
      _ = room.isAwaitingRecord.exchange(false, ordering: .acquiringAndReleasing)
      return PendingLines(room: room)
    }
    while !pending.isEmpty {
      var groups: [PendingGroup] = []
      var bytes = 0
      for index in pending.indices {
        while bytes < Self.commitBytes, let group = pending[index].next(Self.groupBytes) {
          bytes += group.bytes.count
          groups.append(group)
        }
      }
      commitIfPossible(groups)
      for group in groups {
        group.room.publish(through: group.lastSequence, upTo: group.end)
      }
      for entry in pending { entry.room.wakeBroadcaster() }
      pending.removeAll { $0.position == $0.end }
    }
  }

  private func commitIfPossible(_ groups: [PendingGroup]) {
    guard store.mayCommit else { return skip(groups) }
    do throws(HistoryError) {
      do throws(HistoryError) {
        try commit(groups)
      } catch  where error.kind == .damaged {
        store.handle(error)
        try commit(groups)
      }
      if !store.isCommitting {
        try recordSkipped()
        store.resume()
      }
      store.indexer?.wake()
    } catch {
      skip(groups)
      store.handle(error)
    }
  }

  private func commit(_ groups: [PendingGroup]) throws(HistoryError) {
    let time = store.clock().wallMilliseconds
    var stored: [HistoryWriter.Group] = []
    for group in groups {
      let key = group.room.key
      if store.id(key.value) == nil {
        try enroll(group.room, atLeast: (group.firstSequence - 1, group.start))
      }
      guard let id = store.id(key.value) else { continue }
      stored.append(
        HistoryWriter.Group(
          room: id, firstSequence: group.firstSequence, lineCount: group.lineCount,
          position: group.start, timeMilliseconds: time, bytes: group.bytes, files: group.files))
    }
    try store.writer.append(stored)
    for group in groups { group.room.times.note(group.firstSequence, time) }
    commits += 1
    for group in stored { committedBytes += group.bytes.count + Self.groupOverhead }
    if commits >= Self.commitsPerCheckpoint || committedBytes >= Self.bytesPerCheckpoint {
      (commits, committedBytes) = (0, 0)
      // One that fails is made up for by the next, or by the commits.
      checkpointQueue.async { [checkpointer] in try? checkpointer.checkpoint() }
    }
  }

  /// Gives a room its key in the present file.
  private func enroll(
    _ room: RoomRecord, atLeast start: (sequence: UInt64, position: UInt64)
  ) throws(HistoryError) {
    let stored = try store.writer.room(
      named: room.name.text, isPrivate: room.isPrivate, atLeast: start)
    room.key.set(store.key(stored.id))
  }

  /// Remembers how far rooms come without a history, so that no number is used twice.
  private func skip(_ groups: [PendingGroup]) {
    for group in groups {
      skipped[group.room.name] = RoomStart(sequence: group.lastSequence, position: group.end)
    }
  }

  /// Writes how far rooms came without a history.
  private func recordSkipped() throws(HistoryError) {
    for (name, start) in skipped {
      _ = try store.writer.room(
        named: name.text, isPrivate: name.kind == .private,
        atLeast: (start.sequence, start.position))
      skipped[name] = nil
    }
  }
}
