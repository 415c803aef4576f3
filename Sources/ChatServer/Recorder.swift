internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Keeps what rooms say: one more reader of every room's log, and the first. What it has committed is shown,
/// and nothing before.
///
/// While it commits, the logs grow; so a busy server commits many lines at once, and an idle one each line as
/// it comes. If nothing can be kept, the rooms go on live, everybody is told so, and it tries again as
/// lines come.
///
/// Thread: any, but for what is marked as the queue's.
final class Recorder: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`, atomic, or belongs to the queue.

  /// The most bytes committed at once: others wait meanwhile.
  private static let commitBytes = 1_048_576
  /// The most bytes of a group: who wants one line of it has to look through all of them.
  private static let groupBytes: UInt64 = 32_768
  /// The most bytes read at once for a reader that has fallen behind.
  private static let catchUpBytes = 131_072
  /// How long it waits to try again when nothing can be kept.
  private static let retryInterval: Duration = .seconds(1)
  /// The log that commits go to is written back into the file behind them, after so many; only if that does
  /// not keep up do they do it themselves, and wait.
  private static let commitsPerCheckpoint = 250
  private static let checkpointPages = 16_000
  /// How many groups of an expired room are deleted at once: others wait meanwhile.
  private static let deletedGroups = 64

  /// Tells everyone on the server something. Set once, before the first room is made.
  var announce: @Sendable (String) -> Void = { _ in }

  private let log: EventLog
  private let reader: HistoryReader
  private let index: SearchIndex
  private let queue = DispatchQueue(label: "history", qos: .userInteractive)
  private let checkpointer: HistoryReader
  private let checkpointQueue = DispatchQueue(label: "checkpoint", qos: .utility)
  private let catchUpQueue = DispatchQueue(label: "catch-up", qos: .userInitiated)
  private let indexer: Indexer

  private let lock = Lock()
  /// Rooms that said something. Guarded by `lock`.
  private var waiting: [Room] = []
  /// A drain is on its way. Guarded by `lock`.
  private var isScheduled = false

  private let isKeepingFlag = Atomic<Bool>(true)
  /// Counts the files: the rooms' keys of one mean nothing in the next. Changed by the queue alone.
  private let generation = Atomic<Int>(0)

  // The queue's.
  private let writer: HistoryWriter
  private var commits = 0
  private var retryTime = MonotonicTime.now
  /// How far rooms came whose last lines could not be kept.
  private var unkept: [RoomName: (sequence: UInt64, position: UInt64)] = [:]
  /// Private rooms that are being deleted.
  private var expiring: Set<String> = []
  private var timer: (any DispatchSourceTimer)?

  /// Opens the history of a folder.
  ///
  /// - Throws: `HistoryError`.
  init(folder: String, isDurable: Bool, log: EventLog) throws {
    self.log = log
    writer = try HistoryWriter(
      folder: folder, isDurable: isDurable, checkpointPages: Self.checkpointPages)
    if let path = writer.setAside {
      log.error("the history was damaged; it is now \(path), and a new one begins")
    }
    reader = try HistoryReader(folder: folder)
    checkpointer = try HistoryReader(folder: folder)
    index = try SearchIndex(folder: folder)
    indexer = Indexer(index, log: log)
    try writer.markAllEmptied(at: WallClock.milliseconds)
    indexer.wake()
  }

  // MARK: Rooms

  /// How far a room came, and what the history has of it; `nil` if there is none and there has to be.
  func open(
    _ name: RoomName, mustExist: Bool
  ) -> (sequence: UInt64, position: UInt64)? {
    queue.sync {
      guard !expiring.contains(name.text) else { return nil }
      var room: StoredRoom?
      do throws(HistoryError) {
        room = try writer.existingRoom(named: name.text)
        if let room, room.isPrivate { try writer.setEmptied(room.id, at: nil) }
      } catch {
        handle(error)
      }
      guard room != nil || !mustExist else { return nil }
      let kept = (sequence: room?.lastSequence ?? 0, position: room?.endPosition ?? 0)
      let unkept = unkept[name] ?? (0, 0)
      return (max(kept.sequence, unkept.sequence), max(kept.position, unkept.position))
    }
  }

  /// Whether a private room is kept.
  func exists(_ name: RoomName) -> Bool {
    queue.sync {
      guard !expiring.contains(name.text) else { return false }
      do throws(HistoryError) {
        return try writer.existingRoom(named: name.text) != nil
      } catch {
        handle(error)
        return false
      }
    }
  }

  /// The last has left a private room.
  ///
  /// - Parameter isSo: whether nobody has entered it since.
  func noteEmpty(_ past: RoomPast, _ isSo: @escaping @Sendable () -> Bool) {
    queue.async {
      let id = past.storedID.load(ordering: .relaxed)
      guard id != 0, isSo() else { return }
      do throws(HistoryError) {
        try self.writer.setEmptied(id, at: WallClock.milliseconds)
      } catch {
        self.handle(error)
      }
    }
  }

  // MARK: Keeping

  /// Whether what is said now is kept.
  var isKeeping: Bool { isKeepingFlag.load(ordering: .relaxed) }

  /// Has a room's new lines kept and shown.
  func wake(for room: Room) {
    let wasAwaiting = room.isAwaitingRecord.exchange(true, ordering: .acquiringAndReleasing)
    guard !wasAwaiting else { return }
    let wasScheduled = lock.withLock {
      waiting.append(room)
      defer { isScheduled = true }
      return isScheduled
    }
    if !wasScheduled { queue.async { self.drain() } }
  }

  /// Waits until everything that it has been woken for is shown.
  func waitUntilDrained() { queue.sync {} }

  private func drain() {
    let rooms = lock.withLock {
      isScheduled = false
      defer { waiting = [] }
      return waiting
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
      keep(groups)
      for group in groups {
        group.room.shownSequence = group.lastSequence
        group.room.log.show(upTo: group.end)
      }
      for entry in pending { entry.room.wakeBroadcaster() }
      pending.removeAll { $0.position == $0.end }
    }
  }

  /// Commits groups, or says that they could not be.
  private func keep(_ groups: [PendingGroup]) {
    guard isKeeping || MonotonicTime.now >= retryTime else { return skip(groups) }
    do throws(HistoryError) {
      do throws(HistoryError) {
        try commit(groups)
      } catch  where error.kind == .damaged {
        handle(error)
        try commit(groups)
      }
      if !isKeeping {
        isKeepingFlag.store(true, ordering: .relaxed)
        log.warning("the history is kept again")
        announce("The history is kept again.")
      }
      indexer.wake()
    } catch {
      skip(groups)
      handle(error)
    }
  }

  private func commit(_ groups: [PendingGroup]) throws(HistoryError) {
    let time = WallClock.milliseconds
    var kept: [HistoryWriter.Group] = []
    for group in groups {
      let room = group.room
      guard let past = room.past else { continue }
      if room.storeGeneration != generation.load(ordering: .relaxed) {
        let stored = try writer.room(
          named: room.name.text, isPrivate: room.name.kind == .private,
          atLeast: (group.firstSequence - 1, group.start))
        past.storedID.store(stored.id, ordering: .relaxed)
        room.storeGeneration = generation.load(ordering: .relaxed)
      }
      kept.append(
        HistoryWriter.Group(
          room: past.storedID.load(ordering: .relaxed),
          firstSequence: group.firstSequence, lineCount: group.lineCount, position: group.start,
          timeMilliseconds: time, bytes: group.bytes))
    }
    try writer.append(kept)
    commits += 1
    if commits % Self.commitsPerCheckpoint == 0 {
      // One that fails is made up for by the next, or by the commits.
      checkpointQueue.async { try? self.checkpointer.checkpoint() }
    }
  }

  /// Notes how far rooms come without a history, so that no number is used twice.
  private func skip(_ groups: [PendingGroup]) {
    for group in groups {
      unkept[group.room.name] = (group.lastSequence, group.end)
    }
  }

  /// Something went wrong with the history. The queue's.
  private func handle(_ error: HistoryError) {
    var error = error
    if error.kind == .damaged {
      do throws(HistoryError) {
        let path = try writer.startAnew()
        generation.wrappingAdd(1, ordering: .relaxed)
        log.error("the history is damaged (\(error)); it is now \(path), and a new one begins")
        announce("The history was damaged: a new one begins here.")
        return
      } catch let next {
        error = next
      }
    }
    retryTime = .now + Self.retryInterval
    guard isKeepingFlag.exchange(false, ordering: .relaxed) else { return }
    log.error("the history has stopped: \(error)")
    announce("The history has stopped: what is said now is not kept.")
  }

  // MARK: Reading

  /// Reads the stream of the room with this key from a position on.
  func read(
    _ room: Int64, from position: UInt64, _ completion: @escaping @Sendable ([UInt8]?) -> Void
  ) {
    catchUpQueue.async {
      let bytes = try? self.reading { reader throws(HistoryError) in
        try reader.bytes(of: room, from: position, limit: Self.catchUpBytes)
      }
      completion(bytes ?? nil)
    }
  }

  /// Reads the history; if that shows that it is damaged, a new one begins.
  func reading<Result>(
    _ body: (HistoryReader) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try reporting { () throws(HistoryError) in try body(reader) }
  }

  /// Searches the history.
  func searching<Result>(
    _ body: (SearchIndex) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    try reporting { () throws(HistoryError) in try body(index) }
  }

  private func reporting<Result>(
    _ body: () throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result {
    let file = generation.load(ordering: .relaxed)
    do throws(HistoryError) { return try body() } catch {
      log.error("the history can't be read: \(error)")
      if error.kind == .damaged {
        queue.async {
          // Whoever else has read the same file has found the same; the next one is innocent.
          if file == self.generation.load(ordering: .relaxed) { self.handle(error) }
        }
      }
      throw error
    }
  }

  // MARK: Expiry

  /// Forgets private rooms that nobody has been in for so long, from now on.
  func expireRooms(after age: Duration) {
    let ageMilliseconds = Int64(age / .milliseconds(1))
    let seconds = max(1, min(60, Int(age / .seconds(1)) / 4))
    queue.sync {
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(deadline: .now() + .seconds(1), repeating: .seconds(seconds))
      timer.setEventHandler { [weak self] in
        self?.sweep(before: WallClock.milliseconds - ageMilliseconds)
      }
      timer.activate()
      self.timer = timer
    }
  }

  private func sweep(before time: Int64) {
    do throws(HistoryError) {
      for room in try writer.expiredRooms(before: time, limit: 100)
      where expiring.insert(room.name).inserted {
        log.info("the private room \(room.name) has expired")
        // Its words go first: once its lines are gone, nobody knows which they were.
        indexer.forget(room.id) { self.queue.async { self.delete(room) } }
      }
    } catch {
      handle(error)
    }
  }

  private func delete(_ room: StoredRoom) {
    do throws(HistoryError) {
      if try writer.delete(room.id, limit: Self.deletedGroups) {
        expiring.remove(room.name)
      } else {
        queue.async { self.delete(room) }
      }
    } catch {
      // It is still there, and expired: the next sweep finds it.
      expiring.remove(room.name)
      handle(error)
    }
  }

  // MARK: The end

  /// Everything said is kept; nothing will be said any more.
  func finish() {
    waitUntilDrained()
    queue.sync {
      timer?.cancel()
      timer = nil
    }
    indexer.stop()
  }
}
