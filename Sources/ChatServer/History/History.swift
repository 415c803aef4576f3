internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// The history that a running server keeps: the journal, into which everything is put before anyone is sent it, and
/// behind it the database, the search index, and those who read them.
///
/// Thread: any.
final class History: Sendable {
  /// How long the rest of an earlier journal is tried to be archived when the server starts.
  private static let startPatience: Duration = .seconds(5)

  /// Puts what rooms say into the journal.
  let journal: JournalWriter
  /// Publishes lines once they are on the disk; `nil` where they are published at once.
  let groupSync: GroupSync?
  /// Reads what was said.
  let queries: HistoryQueries

  private let store: HistoryStore
  private let archivist: Archivist
  private let expiry: RoomExpiry
  private let watch: HistoryWatch
  private let folder: DataFolder
  /// Finds rooms, and does not wait for those who read.
  private let lookup: HistoryReader

  /// Opens the history of a folder, and archives what an earlier server left in its journal.
  ///
  /// - Parameters:
  ///   - journalBytes: how much the journal holds.
  ///   - isDurable: lines are on the disk before anyone is sent them.
  /// - Throws: `HistoryError`.
  init(
    folder: DataFolder, journalBytes: Int, isDurable: Bool,
    clock: @escaping @Sendable () -> ClockReading, log: EventLog
  ) throws(HistoryError) {
    self.folder = folder
    let store = try HistoryStore(folder: folder.path, clock: clock, log: log)
    self.store = store
    let replay = JournalReplay(store, folder: folder.path)
    try replay.run(until: .now + Self.startPatience)
    let journal: Journal
    do throws(SystemError) { journal = try Journal(in: folder.path, capacity: journalBytes) } catch
    {
      throw HistoryError(
        .full,
        "the journal of \(ByteCount.text(UInt64(journalBytes))) in \(folder.path) cannot be made "
          + "(--journal sets its size): \(error.reason)")
    }
    let archivist = Archivist(journal, store)
    self.archivist = archivist
    let syncQueue = DispatchQueue(label: "journal-sync", qos: .userInitiated)
    self.journal = JournalWriter(journal, store, archivist, syncQueue: syncQueue)
    groupSync = isDurable ? GroupSync(journal, store, queue: syncQueue) : nil
    queries = try HistoryQueries(store, archivist, folder: folder.path)
    lookup = try HistoryReader(folder: folder.path)
    expiry = RoomExpiry(store, archivist)
    watch = HistoryWatch(store, archivist, folder: folder)
    store.indexer?.wake()
  }

  // MARK: Start and end

  /// Starts watching the files, and deleting expired rooms.
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

  /// Ends, when nothing will be said any more: everything said is in the database, and the journal is gone. If that
  /// can't be, the journal stays for the next start.
  func finish() {
    journal.end()
    store.queue.sync {
      store.beginEnd()
      expiry.stop()
      // What happened since the last check would not be noticed.
      watch.stop()
      watch.check()
      store.retryNow()
      _ = archivist.archiveAll()
      store.followClock()
      finishJournal()
      store.end()
    }
    store.indexer?.stop()
    // The next one to open the file has less to do, and a copy of it is the whole; if not, nothing is lost.
    try? lookup.emptyLog()
    folder.release()
  }

  private func finishJournal() {
    if !store.isKeeping { store.needsRestore = true }
    store.retryNow()
    archivist.archive()
    do throws(HistoryError) {
      if archivist.isCurrent, !store.needsRestore {
        try archivist.finish()
        archivist.journal.remove()
        return
      }
    } catch { store.handle(error) }
    // It may be needed after a power failure.
    try? archivist.journal.sync()
    if !archivist.isCurrent {
      store.log.error(
        "what was said last is in the journal: the next start puts it into the history")
    }
    if store.needsRestore {
      store.log.error("numbers of lines that were not kept will be used again")
    }
  }

  // MARK: Time

  /// The time of day, for what is said: milliseconds since 1970, UTC.
  var wallMilliseconds: Int64 { store.clock().wallMilliseconds }

  // MARK: How it is

  /// How much of the journal is not free, and how much of that is not archived yet, in bytes.
  var lag: (journalBytes: UInt64, unarchivedBytes: UInt64) {
    // The head last: it is never behind the others.
    let (archived, tail) = (archivist.archived, archivist.journal.tail)
    let head = archivist.journal.head
    return (head - min(head, tail), head - min(head, archived))
  }

  // MARK: Rooms

  /// How far a room came that is not remembered; `nil` if there is none.
  ///
  /// - Parameter mayBeNew: it may have said something since the server started, which has to be archived first.
  /// - Throws: `HistoryError` if it can't be found out: a room must not begin with numbers that were used.
  func stored(_ name: RoomName, mayBeNew: Bool) throws(HistoryError) -> RoomStart? {
    if mayBeNew, !archivist.waitUntilCurrent() {
      throw HistoryError(.full, "what was said last can't be archived at the moment")
    }
    let generation = store.generation
    do throws(HistoryError) {
      return try lookup.room(named: name.text).map {
        RoomStart(sequence: $0.lastSequence, position: $0.endPosition)
      }
    } catch {
      store.noteDamage(error, in: generation)
      throw error
    }
  }

  /// Notes when a private room's last member left. Called before the room can be entered again.
  func noteEmpty(_ name: RoomName) {
    let reading = store.clock()
    let entry = JournalEntry.emptied(JournalRoom(name.text), at: reading.wallMilliseconds)
    let sinceBoot = UInt64(max(0, reading.sinceBoot / .milliseconds(1)))
    if !journal.append(entry, firstSequence: sinceBoot, roomPosition: 0) {
      store.queue.async { [archivist] in archivist.restore() }
    }
  }
}
