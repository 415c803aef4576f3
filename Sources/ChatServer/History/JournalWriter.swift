internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Puts what rooms say into the journal, and takes care of it while anything is said: its next pages are ready, what
/// is new reaches the disk every second, and it is archived.
///
/// Thread: any.
final class JournalWriter: Sendable {
  /// How often the journal is looked after while anything is said.
  private static let interval: DispatchTimeInterval = .milliseconds(50)
  /// What is said is archived after so many ticks, and synced after so many.
  private static let archiveTicks = 5
  private static let syncTicks = 20
  /// More than this part of it in an interval is a rush.
  private static let rushPart = 64
  /// How long appenders wait for a full journal: where nothing can be archived, and where that is only slow.
  private static let failingPatience: Duration = .seconds(1)
  private static let slowPatience: Duration = .seconds(10)

  private struct Wait {
    /// The journal's tail when it was found full.
    var tail: UInt64 = .max
    var since = MonotonicTime.now
  }

  private struct Care {
    var tick = 0
    /// The journal's head at the last tick.
    var head: UInt64 = 0
    /// How far it was synced, or is being synced.
    var synced: UInt64 = 0
    /// How many ticks found nothing new.
    var idleTicks = 0
  }

  /// What is written to. Thread: see `Journal`.
  let journal: Journal
  private let store: HistoryStore
  private let archivist: Archivist
  private let queue = DispatchQueue(label: "journal", qos: .userInitiated)
  private let syncQueue: DispatchQueue
  /// Whether anything was said that is to be looked after.
  private let isCaring = Atomic<Bool>(false)
  private let isSyncing = Atomic<Bool>(false)
  private let isGivingUp = Atomic<Bool>(false)
  private let hasEnded = Atomic<Bool>(false)
  private let wait = Guarded(Wait())
  private let care = Guarded(Care())

  /// Takes care of a journal.
  ///
  /// - Parameter syncQueue: where the disk is waited for; serial.
  init(
    _ journal: Journal, _ store: HistoryStore, _ archivist: Archivist, syncQueue: DispatchQueue
  ) {
    (self.journal, self.store, self.archivist) = (journal, store, archivist)
    self.syncQueue = syncQueue
    journal.prepare()
  }

  /// Appends a record, unless the history has stopped. Called under the lock of a room's log.
  ///
  /// - Returns: false if the journal is full: call again a little later. True if the history has stopped, although
  ///   nothing is appended then.
  func append(_ entry: JournalEntry, firstSequence: UInt64, roomPosition: UInt64) -> Bool {
    guard store.isKeeping else { return true }
    guard journal.append(entry, firstSequence: firstSequence, roomPosition: roomPosition) else {
      giveUpInTime()
      return false
    }
    // Not before the append: `tick` clears the flag, and then looks for what is new.
    if !isCaring.load(ordering: .sequentiallyConsistent) { beginCare() }
    return true
  }

  /// Stops the history if the journal has been full for so long that the rooms have to go on without it.
  private func giveUpInTime() {
    let (now, tail, isFailing) = (MonotonicTime.now, journal.tail, store.isFailing)
    // Otherwise it is tried again by itself.
    if !isFailing { archivist.wake() }
    let patience = isFailing ? Self.failingPatience : Self.slowPatience
    let isOver = wait.withLock { wait in
      if wait.tail != tail { wait = Wait(tail: tail, since: now) }
      return now - wait.since >= patience
    }
    // Everyone is told before anything is said that is not kept: not here, under the lock of a room's log, and not on
    // the history's queue, which may be waiting for the disk.
    if isOver, !isGivingUp.exchange(true, ordering: .acquiringAndReleasing) {
      queue.async { [self] in
        if journal.tail == tail { store.stop() }
        isGivingUp.store(false, ordering: .releasing)
      }
    }
  }

  /// Ends: nothing will be appended any more, and nothing is looked after.
  func end() {
    hasEnded.store(true, ordering: .releasing)
    queue.sync {}
  }

  // MARK: Care

  private func beginCare() {
    guard !isCaring.exchange(true, ordering: .acquiringAndReleasing) else { return }
    queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in self?.tick() }
  }

  private func tick() {
    guard !hasEnded.load(ordering: .acquiring) else { return }
    let head = journal.head
    let (isIdle, isDue, isRushed, needsSync) = care.withLock { care in
      care.tick += 1
      care.idleTicks = head == care.head ? care.idleTicks + 1 : 0
      let isRushed = head - care.head > UInt64(journal.capacity / Self.rushPart)
      care.head = head
      return (
        care.idleTicks > Self.syncTicks && care.synced >= head,
        care.tick % Self.archiveTicks == 0, isRushed,
        care.tick % Self.syncTicks == 0 && care.synced < head
      )
    }
    archivist.note(isRushed: isRushed)
    if isDue || isRushed { archivist.wakeUnlessPutOff() }
    // In a rush, most records are long enough to be written.
    if !isRushed { journal.prepare() }
    if needsSync, let synced = sync() { care.withLock { $0.synced = synced } }
    guard isIdle else {
      queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in self?.tick() }
      return
    }
    isCaring.store(false, ordering: .sequentiallyConsistent)
    // What was appended just before found the flag set.
    if journal.head != head { beginCare() }
  }

  /// Has what is new synced, on the queue that waits for the disk.
  ///
  /// - Returns: up to where; `nil` if the last sync has not ended.
  private func sync() -> UInt64? {
    guard !isSyncing.exchange(true, ordering: .acquiringAndReleasing) else { return nil }
    journal.closePage()
    let head = journal.head
    syncQueue.async { [self] in
      // `HistoryWatch` makes the file again if this fails.
      try? journal.sync()
      isSyncing.store(false, ordering: .releasing)
    }
    return head
  }
}
