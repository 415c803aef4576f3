internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// What the history needs of the rest of the server.
///
/// Thread: called on the history's queue.
protocol HistoryHost: AnyObject, Sendable {
  /// The rooms with members.
  var openRooms: [RoomRecord] { get }
  /// The rooms without members, how far they came, and how long the system had run when the last left.
  var emptyRooms: [(name: RoomName, end: RoomStart, sinceBoot: Duration)] { get }
  /// The files that are stored, the oldest first.
  var storedFiles: [SharedFile] { get }

  /// Sends everyone on the server a notice.
  func announce(_ text: String)
  /// A private room has expired, and must never be entered again.
  func removeExpiredRoom(_ name: String)
  /// Checks whether the folder of the stored files still is where it was.
  func checkFileFolder()
}

/// The history that the server writes: its present file, and a new one when that is damaged or gone.
///
/// Thread: confined to `queue`, but for what is marked.
final class HistoryStore: @unchecked Sendable {
  // Safety: what changes is confined to `queue`, or atomic.

  /// A clock that is set by less than so many milliseconds is merely steered.
  private static let noticedStep: UInt64 = 1_000
  /// How long commits pause after one has failed.
  private static let retryInterval: Duration = .seconds(1)
  /// The commit that finds so many pages in SQLite's log writes it back into the file, and waits for that.
  private static let checkpointPages = 16_000

  /// Thread: any.
  let queue = DispatchQueue(label: "history", qos: .userInteractive)
  /// Thread: any.
  let log: EventLog
  /// Thread: any.
  let clock: @Sendable () -> ClockReading
  /// `nil` where it could not be opened: searches are refused then. Thread: any.
  let index: SearchIndex?
  /// Thread: any.
  let indexer: Indexer?

  let writer: HistoryWriter
  /// The server; `nil` before it has started, and once it has ended.
  weak var host: (any HistoryHost)?
  /// The file is not where it was, and can't be recreated yet: what is committed to it is lost.
  var isMisplaced = false
  /// The times of empty private rooms are stored by this clock.
  private(set) var steadyClock: SteadyClock
  private var retryTime = MonotonicTime.now

  private let isCommittingFlag = Atomic<Bool>(true)
  /// Counts the files, from 1: the rooms' keys of one mean nothing in the next. Raised on the queue, before it takes
  /// the next file, so that what was read under an unchanged number was read from that file.
  private let generation = Atomic<Int64>(1)

  /// Opens the history of a folder.
  ///
  /// - Throws: `HistoryError`.
  init(
    folder: FilePath, isDurable: Bool, clock: @escaping @Sendable () -> ClockReading,
    log: EventLog
  ) throws(HistoryError) {
    (self.clock, self.log) = (clock, log)
    let reading = clock()
    steadyClock = SteadyClock(at: reading)
    writer = try HistoryWriter(
      folder: folder, isDurable: isDurable, checkpointPages: Self.checkpointPages)
    if let path = writer.setAside {
      log.error("the history was damaged; it is now \(path), and a new one begins")
    }
    // It reads the history, so that has to be there first.
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
  }

  // MARK: Rooms' keys

  /// The key of a room: its number in the present file, and which file that is. Thread: any.
  func key(_ id: Int64) -> Int64 { generation.load(ordering: .relaxed) << 40 | id }

  /// A room's number in the present file; `nil` if it has none there. Thread: any.
  func id(_ key: Int64) -> Int64? {
    key >> 40 == generation.load(ordering: .sequentiallyConsistent) ? key & (1 << 40 - 1) : nil
  }

  // MARK: Time

  /// The time of a reading, if the clock had not been set: milliseconds since 1970, UTC.
  func milliseconds(at reading: ClockReading) -> Int64 { steadyClock.milliseconds(at: reading) }

  /// The clock may have been set: what is stored moves with it, since a new start has only the time of day to go
  /// by, and may come at any moment.
  func followClock() {
    let step = steadyClock.step(at: clock())
    guard step.magnitude >= Self.noticedStep else { return }
    do throws(HistoryError) {
      try writer.moveEmptied(by: step)
      steadyClock.follow(step)
      log.info(
        "the system's clock was set by \(step / 1_000) s; private rooms live as long as before")
    } catch {
      handle(error)
    }
  }

  // MARK: Trouble

  /// Whether what is said now is committed. Thread: any.
  var isCommitting: Bool { isCommittingFlag.load(ordering: .relaxed) }

  /// Whether a commit should be tried now.
  var mayCommit: Bool { !isMisplaced && (isCommitting || MonotonicTime.now >= retryTime) }

  /// Commits succeed again.
  func resume() {
    isCommittingFlag.store(true, ordering: .relaxed)
    log.warning("the history is kept again")
    host?.announce("The history is kept again.")
  }

  /// Begins a new file if this one is damaged; otherwise stops committing for a while.
  func handle(_ error: HistoryError) {
    var error = error
    if error.kind == .damaged {
      do throws(HistoryError) {
        let path = try beginAnew(settingAsideAs: "damaged")
        log.error("the history is damaged (\(error)); it is now \(path), and a new one begins")
        host?.announce("The history was damaged: a new one begins here.")
        return
      } catch let next {
        error = next
      }
    }
    retryTime = .now + Self.retryInterval
    guard isCommittingFlag.exchange(false, ordering: .relaxed) else { return }
    log.error("the history has stopped: \(error)")
    host?.announce("The history has stopped: what is said now is not kept.")
  }

  /// Begins a new file, with what memory has of the old one.
  ///
  /// - Parameter reason: why the old file is set aside, in a word.
  /// - Returns: the path of what was set aside.
  func beginAnew(settingAsideAs reason: String) throws(HistoryError) -> FilePath {
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    let path = try writer.startAnew(settingAsideAs: reason)
    if let host { try HistoryRestore(self, host).run() }
    indexer?.wake()
    return path
  }
}
