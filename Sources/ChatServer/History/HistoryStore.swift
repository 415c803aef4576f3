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
  /// A file is not where it was, and can't be made again yet: what is written to it would be lost.
  var isMisplaced = false
  /// A new file has begun, or rooms went on without a journal: how far the rooms came has to be written into it.
  var needsRestore = false
  /// The server ends: nothing new will be said, and nobody is told anything any more.
  private(set) var isEnding = false
  /// It has ended: nothing is written any more, since another process may have the folder.
  private(set) var hasEnded = false
  /// The times of empty private rooms are stored by this clock.
  private(set) var steadyClock: SteadyClock
  /// Nothing is written before.
  private var retryTime = MonotonicTime.now
  /// A new file is to begin, and nothing was written to it yet.
  private var isBeginning = false

  private struct Shared {
    weak var host: (any HistoryHost)?
    var lastError: HistoryError?
    var hasStopped = false
  }

  private let shared = Guarded(Shared())
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

  /// The server; `nil` before it has started. Thread: any.
  var host: (any HistoryHost)? {
    get { shared.withLock { $0.host } }
    set { shared.withLock { $0.host = newValue } }
  }

  // MARK: The end

  /// Nothing new will be said.
  func beginEnd() { isEnding = true }

  /// Nothing is to be written any more.
  func end() { hasEnded = true }

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
  var mayWrite: Bool { !isMisplaced && !hasEnded && MonotonicTime.now >= retryTime }

  /// Writing is tried now, whatever has failed.
  func retryNow() { retryTime = .now }

  /// Writing has succeeded.
  func noteSuccess() {
    isBeginning = false
    guard isFailingFlag.exchange(false, ordering: .relaxed) else { return }
    shared.withLock { $0.lastError = nil }
    log.info("the history can be written again")
  }

  /// The journal has space again: what is said is kept from now on.
  func resume() {
    guard !isKeepingFlag.exchange(true, ordering: .relaxed) else { return }
    shared.withLock { $0.hasStopped = false }
    needsRestore = true
    log.warning("the history is kept again")
    host?.announce("The history is kept again.")
  }

  /// Nothing more can be kept, for a reason given or for the last error: the rooms go on without, after everyone was
  /// told.
  ///
  /// Thread: any that holds no lock of a room's: the history's queue may be waiting for the disk.
  func stop(_ reason: String? = nil) {
    let (isFirst, host, error) = shared.withLock { shared in
      defer { shared.hasStopped = true }
      return (!shared.hasStopped, shared.host, shared.lastError)
    }
    guard isFirst else { return }
    log.error("the history has stopped: \(reason ?? error?.reason ?? "the journal is full")")
    host?.announce("The history has stopped: what is said now is not kept.")
    isKeepingFlag.store(false, ordering: .releasing)
  }

  /// Begins a new file if this one is damaged. Nothing is written for a while, in any case: the next may be damaged,
  /// too.
  func handle(_ error: HistoryError) {
    guard !hasEnded else { return }
    retryTime = .now + Self.retryInterval
    var error = error
    if error.kind == .damaged {
      do throws(HistoryError) {
        let path = try beginAnew(
          settingAsideAs: "damaged", announcing: "The history was damaged: a new one begins here.")
        return log.error(
          "the history is damaged (\(error)); it is now \(path), and a new one begins")
      } catch let next {
        error = next
      }
    }
    let last = error
    shared.withLock { $0.lastError = last }
    guard !isFailingFlag.exchange(true, ordering: .relaxed) else { return }
    log.warning("the history can't be written; what is said waits in the journal: \(error)")
  }

  /// Begins a new file, into which everything that the journal still holds is archived.
  ///
  /// - Parameters:
  ///   - reason: why the old file is set aside, in a word.
  ///   - text: what everyone is told, once.
  /// - Returns: the path of what was set aside.
  /// - Throws: `HistoryError`; the old file may be set aside nevertheless, and the next write makes the new one.
  func beginAnew(
    settingAsideAs reason: String, announcing text: String
  ) throws(HistoryError) -> FilePath {
    if !isBeginning { host?.announce(text) }
    isBeginning = true
    startOver()
    return try writer.startAnew(settingAsideAs: reason)
  }

  /// What was archived may be gone, or is about to be: everything that the journal still holds is archived again, and
  /// how far the rooms came.
  func startOver() {
    generationNumber.wrappingAdd(1, ordering: .sequentiallyConsistent)
    needsRestore = true
    onNewFile()
  }

  /// A reader found the file damaged. Others find the same damage; the next file does not have it. Thread: any.
  ///
  /// - Parameter generation: which file was read.
  func noteDamage(_ error: HistoryError, in generation: Int) {
    guard error.kind == .damaged else { return }
    queue.async { if self.generation == generation { self.handle(error) } }
  }

  /// Called when a new file begins. Set before the first use.
  var onNewFile: () -> Void = {}
}
