internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// The history that the server writes: its present file, and a new one when that is damaged or gone.
///
/// Thread: confined to `queue`, but for what is marked.
final class HistoryStore: @unchecked Sendable {
  // Safety: what changes is confined to `queue`, or atomic.

  /// A clock that is set by less than so many milliseconds is merely steered.
  private static let noticedStep: UInt64 = 1_000
  /// How long nothing is written after a failure.
  private static let retryInterval: Duration = .milliseconds(500)

  /// Thread: any.
  let queue = DispatchQueue(label: "history", qos: .userInitiated)
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
  /// A file is not where it was, and can't be made again yet: what is written to it would be lost.
  var isMisplaced = false
  /// A new file has begun, or rooms went on without a journal: how far the rooms came has to be written into it.
  var needsRestore = false
  /// The times of empty private rooms are stored by this clock.
  private(set) var steadyClock: SteadyClock
  private var retryTime = MonotonicTime.now
  private var lastError: HistoryError?

  private let isKeepingFlag = Atomic<Bool>(true)
  private let isFailingFlag = Atomic<Bool>(false)
  /// Counts the files, from 1: the rooms' numbers of one mean nothing in the next. Raised on the queue, before it takes
  /// the next file, so that what was read under an unchanged number was read from that file.
  private let generationNumber = Atomic<Int>(1)

  /// Opens the history of a folder.
  ///
  /// - Throws: `HistoryError`.
  init(
    folder: FilePath, clock: @escaping @Sendable () -> ClockReading, log: EventLog
  ) throws(HistoryError) {
    (self.clock, self.log) = (clock, log)
    steadyClock = SteadyClock(at: clock())
    writer = try HistoryWriter(folder: folder)
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
  }

  /// Which file it is: another one raises it. Thread: any.
  var generation: Int { generationNumber.load(ordering: .sequentiallyConsistent) }

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

  /// Whether what is said now is kept. Thread: any.
  var isKeeping: Bool { isKeepingFlag.load(ordering: .relaxed) }

  /// Whether nothing could be written when it was tried last. Thread: any.
  var isFailing: Bool { isFailingFlag.load(ordering: .relaxed) }

  /// Whether writing should be tried now.
  var mayWrite: Bool { !isMisplaced && (!isFailing || MonotonicTime.now >= retryTime) }

  /// Writing is tried now, whatever has failed.
  func retryNow() { retryTime = .now }

  /// Writing has succeeded.
  func noteSuccess() {
    guard isFailingFlag.exchange(false, ordering: .relaxed) else { return }
    lastError = nil
    log.info("the history can be written again")
  }

  /// The journal has space again: what is said is kept from now on.
  func resume() {
    guard !isKeepingFlag.exchange(true, ordering: .relaxed) else { return }
    needsRestore = true
    log.warning("the history is kept again")
    host?.announce("The history is kept again.")
  }

  /// Nothing more can be kept, for a reason given or for the last error: the rooms go on without, after everyone was
  /// told.
  func stop(_ reason: String? = nil) {
    guard isKeeping else { return }
    log.error("the history has stopped: \(reason ?? lastError?.reason ?? "the journal is full")")
    host?.announce("The history has stopped: what is said now is not kept.")
    isKeepingFlag.store(false, ordering: .releasing)
  }

  /// Begins a new file if this one is damaged; otherwise nothing is written for a while.
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
    lastError = error
    guard !isFailingFlag.exchange(true, ordering: .relaxed) else { return }
    log.warning("the history can't be written; what is said waits in the journal: \(error)")
  }

  /// Begins a new file, into which everything that the journal still holds is archived.
  ///
  /// - Parameter reason: why the old file is set aside, in a word.
  /// - Returns: the path of what was set aside.
  func beginAnew(settingAsideAs reason: String) throws(HistoryError) -> FilePath {
    generationNumber.wrappingAdd(1, ordering: .sequentiallyConsistent)
    let path = try writer.startAnew(settingAsideAs: reason)
    needsRestore = true
    onNewFile()
    return path
  }

  /// Called when a new file has begun. Set before the first use.
  var onNewFile: () -> Void = {}
}
