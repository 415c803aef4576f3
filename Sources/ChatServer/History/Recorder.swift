internal import ChatCore
internal import ChatFiles
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
  /// How long it waits to try again when nothing can be kept.
  private static let retryInterval: Duration = .seconds(1)
  /// The log that commits go to is written back into the file behind them, after so many, or so many bytes; only if
  /// that does not keep up do they do it themselves, and wait. The first commit after that waits for the disk
  /// (SQLite makes the log's new beginning durable), 50 ms where files keep it busy: so it is not done often.
  private static let commitsPerCheckpoint = 2_500
  private static let bytesPerCheckpoint = 50_000_000
  /// What a group takes in the log besides its bytes, about: the pages of the tables' indices.
  private static let groupOverhead = 16_384
  private static let checkpointPages = 16_000

  /// Tells everyone on the server something. Set once, before the first client comes.
  var announce: @Sendable (String) -> Void = { _ in }
  /// A private room has expired, and is never to be entered again. Set once, before the first client comes.
  var noteExpired: @Sendable (String) -> Void = { _ in }
  /// The rooms that somebody is in. Set once, before the first client comes.
  var openRooms: @Sendable () -> [RoomRecord] = { [] }
  /// The rooms that nobody is in. Set once, before the first client comes.
  var leftRooms: @Sendable () -> [(name: RoomName, end: RoomStart, sinceBoot: Duration)] = { [] }
  /// Looks whether the folder of the files that were sent still lies where it did. Set once, before the first client
  /// comes.
  var checkFiles: @Sendable () -> Void = {}
  /// The files that there are, the oldest first. Set once, before the first client comes.
  var keptFiles: @Sendable () -> [KeptFile] = { [] }

  let log: EventLog
  let clock: @Sendable () -> ClockReading
  let reader: HistoryReader
  /// Reads for those who have fallen behind: they do not wait for who looks back.
  let catchUpReader: HistoryReader
  /// `nil` where it could not be opened: searches are refused then.
  let index: SearchIndex?
  let queue = DispatchQueue(label: "history", qos: .userInteractive)
  private let checkpointer: HistoryReader
  private let checkpointQueue = DispatchQueue(label: "checkpoint", qos: .utility)
  let catchUpQueue = DispatchQueue(label: "catch-up", qos: .userInitiated)
  let indexer: Indexer?

  private let lock = Lock()
  /// Rooms that said something. Guarded by `lock`.
  private var waiting: [RoomRecord] = []
  /// A drain is on its way. Guarded by `lock`.
  private var isScheduled = false

  private let isKeepingFlag = Atomic<Bool>(true)
  /// Counts the files, from 1: the rooms' keys of one mean nothing in the next. Raised by the queue alone, before
  /// it takes the next file, so that what was read under an unchanged number was read from that file.
  private let generation = Atomic<Int64>(1)

  // The queue's.
  let folder: DataFolder
  let writer: HistoryWriter
  /// The files are not where they were, and can't be had again yet: what is committed to them is lost.
  var isMisplaced = false
  var watchTimer: (any DispatchSourceTimer)?
  /// What is stored of private rooms goes by this.
  var steadyClock: SteadyClock
  /// Since the log was written back last.
  private var commits = 0
  private var committedBytes = 0
  private var retryTime = MonotonicTime.now
  /// How far rooms came whose last lines could not be kept.
  private var unkept: [RoomName: RoomStart] = [:]
  /// Private rooms that are being deleted.
  var expiring: Set<String> = []
  var timer: (any DispatchSourceTimer)?

  /// Opens the history of a folder.
  ///
  /// - Throws: `HistoryError`.
  init(
    folder dataFolder: DataFolder, isDurable: Bool, clock: @escaping @Sendable () -> ClockReading,
    log: EventLog
  ) throws {
    self.log = log
    self.clock = clock
    self.folder = dataFolder
    let folder = dataFolder.path
    let reading = clock()
    steadyClock = SteadyClock(at: reading)
    writer = try HistoryWriter(
      folder: folder, isDurable: isDurable, checkpointPages: Self.checkpointPages)
    if let path = writer.setAside {
      log.error("the history was damaged; it is now \(path), and a new one begins")
    }
    reader = try HistoryReader(folder: folder)
    catchUpReader = try HistoryReader(folder: folder)
    checkpointer = try HistoryReader(folder: folder)
    do throws(HistoryError) { index = try SearchIndex(folder: folder) } catch {
      // What can be derived from the history is no reason not to run.
      log.error("there will be no searching: \(error)")
      index = nil
    }
    indexer = index.map { Indexer($0, log: log) }
    do throws(HistoryError) {
      try writer.markAllEmptied(at: reading.wallMilliseconds)
    } catch {
      log.error("private rooms may outlive their time: \(error)")
    }
    indexer?.wake()
  }

  // MARK: Rooms

  /// How far a room came; `nil` if there is none and there has to be.
  ///
  /// - Throws: `HistoryError` if the history can't be read: a room must not begin with numbers that were used.
  func open(_ name: RoomName, mustExist: Bool) throws(HistoryError) -> RoomStart? {
    let result: Result<RoomStart?, HistoryError> = queue.sync {
      do throws(HistoryError) { return .success(try find(name, mustExist: mustExist)) } catch {
        handle(error)
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func find(_ name: RoomName, mustExist: Bool) throws(HistoryError) -> RoomStart? {
    guard !expiring.contains(name.text) else { return nil }
    let room = try writer.existingRoom(named: name.text)
    guard room != nil || !mustExist else { return nil }
    var start = unkept[name] ?? RoomStart()
    guard let room else { return start }
    start.sequence = max(start.sequence, room.lastSequence)
    start.position = max(start.position, room.endPosition)
    start.key = key(room.id)
    if room.isPrivate {
      // If this can't be written, whoever looks for expired rooms sees that somebody is in it.
      do throws(HistoryError) { try writer.setEmptied(room.id, at: nil) } catch { handle(error) }
    }
    return start
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
  func noteEmpty(_ key: RoomKey, _ isSo: @escaping @Sendable () -> Bool) {
    let reading = clock()
    queue.async {
      guard let id = self.id(key.value), isSo() else { return }
      do throws(HistoryError) {
        try self.writer.setEmptied(id, at: self.steadyClock.milliseconds(at: reading))
      } catch {
        self.handle(error)
      }
    }
  }

  // MARK: Keys

  /// A room's key: its number in the present file, and which file that is.
  func key(_ id: Int64) -> Int64 {
    generation.load(ordering: .relaxed) << 40 | id
  }

  /// The room's number in the present file; `nil` if it has none there.
  func id(_ key: Int64) -> Int64? {
    key >> 40 == generation.load(ordering: .sequentiallyConsistent) ? key & (1 << 40 - 1) : nil
  }

  // MARK: Keeping

  /// Whether what is said now is kept.
  var isKeeping: Bool { isKeepingFlag.load(ordering: .relaxed) }

  /// Has a room's new lines kept and shown.
  func wake(for room: RoomRecord) {
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
        group.room.publish(through: group.lastSequence, upTo: group.end)
      }
      for entry in pending { entry.room.wakeBroadcaster() }
      pending.removeAll { $0.position == $0.end }
    }
  }

  /// Commits groups, or says that they could not be.
  private func keep(_ groups: [PendingGroup]) {
    guard !isMisplaced, isKeeping || MonotonicTime.now >= retryTime else { return skip(groups) }
    do throws(HistoryError) {
      do throws(HistoryError) {
        try commit(groups)
      } catch  where error.kind == .damaged {
        handle(error)
        try commit(groups)
      }
      if !isKeeping {
        try rememberUnkept()
        isKeepingFlag.store(true, ordering: .relaxed)
        log.warning("the history is kept again")
        announce("The history is kept again.")
      }
      indexer?.wake()
    } catch {
      skip(groups)
      handle(error)
    }
  }

  /// Has the history know how far rooms came without it.
  private func rememberUnkept() throws(HistoryError) {
    for (name, start) in unkept {
      _ = try writer.room(
        named: name.text, isPrivate: name.kind == .private,
        atLeast: (start.sequence, start.position))
      unkept[name] = nil
    }
  }

  private func commit(_ groups: [PendingGroup]) throws(HistoryError) {
    let time = clock().wallMilliseconds
    var kept: [HistoryWriter.Group] = []
    for group in groups {
      let room = group.room
      if id(room.key.value) == nil {
        try enroll(room, atLeast: (group.firstSequence - 1, group.start))
      }
      guard let id = id(room.key.value) else { continue }
      kept.append(
        HistoryWriter.Group(
          room: id, firstSequence: group.firstSequence, lineCount: group.lineCount,
          position: group.start, timeMilliseconds: time, bytes: group.bytes, files: group.files))
    }
    try writer.append(kept)
    for group in groups { group.room.times.note(group.firstSequence, time) }
    commits += 1
    for group in kept { committedBytes += group.bytes.count + Self.groupOverhead }
    if commits >= Self.commitsPerCheckpoint || committedBytes >= Self.bytesPerCheckpoint {
      (commits, committedBytes) = (0, 0)
      // One that fails is made up for by the next, or by the commits.
      checkpointQueue.async { try? self.checkpointer.checkpoint() }
    }
  }

  /// Gives a room its key in the present file.
  private func enroll(
    _ room: RoomRecord, atLeast start: (sequence: UInt64, position: UInt64)
  ) throws(HistoryError) {
    let stored = try writer.room(
      named: room.name.text, isPrivate: room.isPrivate, atLeast: start)
    room.key.set(key(stored.id))
  }

  /// Notes how far rooms come without a history, so that no number is used twice.
  private func skip(_ groups: [PendingGroup]) {
    for group in groups {
      unkept[group.room.name] = RoomStart(
        sequence: group.lastSequence, position: group.end)
    }
  }

  /// Something went wrong with the history. The queue's.
  func handle(_ error: HistoryError) {
    var error = error
    if error.kind == .damaged {
      do throws(HistoryError) {
        let path = try beginAnew(settingAsideAs: "damaged")
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

  /// Begins a new history, with what memory has of the old one. The queue's.
  ///
  /// - Parameter reason: why what lies there is set aside, in a word.
  /// - Returns: the path of what was set aside.
  func beginAnew(settingAsideAs reason: String) throws(HistoryError) -> FilePath {
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    expiring = []
    let path = try writer.startAnew(settingAsideAs: reason)
    try restore()
    return path
  }

  // MARK: The end

  /// Everything said is kept; nothing will be said any more.
  func finish() {
    queue.sync {
      for timer in [timer, watchTimer] { timer?.cancel() }
      (timer, watchTimer) = (nil, nil)
      // What happened since the last look would be found by nobody.
      lookAfterFiles()
      followClock()
      do throws(HistoryError) { try rememberUnkept() } catch {
        log.error("numbers of lines that were not kept will be used again: \(error)")
      }
      // What these hold holds the recorder, and so the folder's lock.
      announce = { _ in }
      noteExpired = { _ in }
      openRooms = { [] }
      leftRooms = { [] }
      checkFiles = {}
      keptFiles = { [] }
    }
    indexer?.stop()
    // Whoever opens the file next has less to do, and a copy of it is the whole; if not, nothing is lost.
    try? checkpointer.emptyLog()
    folder.release()
  }
}
