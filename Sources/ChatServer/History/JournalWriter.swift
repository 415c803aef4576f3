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
  /// What is said is archived after so many of these, and on the disk after so many.
  private static let archiveTicks = 5
  private static let syncTicks = 20
  /// More than this part of it in an interval is a rush.
  private static let rushPart = 64
  /// How long a full journal is waited for: where nothing can be archived, and where that is only slow.
  private static let failingPatience: Duration = .seconds(1)
  private static let slowPatience: Duration = .seconds(10)

  private struct Wait {
    /// The journal's tail when it was found full.
    var tail: UInt64 = .max
    var since = MonotonicTime.now
  }

  private struct Care {
    var tick = 0
    /// What was seen by the last tick, and what is on the disk.
    var head: UInt64 = 0
    var synced: UInt64 = 0
    var idleTicks = 0
  }

  let journal: Journal
  private let store: HistoryStore
  private let archivist: Archivist
  private let queue = DispatchQueue(label: "journal", qos: .userInitiated)
  private let syncQueue: DispatchQueue
  /// Whether anything was said that is to be looked after.
  private let isCaring = Atomic<Bool>(false)
  private let isSyncing = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  private let wait = Guarded(Wait())
  private let care = Guarded(Care())

  /// - Parameter syncQueue: where the disk is waited for.
  init(
    _ journal: Journal, _ store: HistoryStore, _ archivist: Archivist, syncQueue: DispatchQueue
  ) {
    (self.journal, self.store, self.archivist) = (journal, store, archivist)
    self.syncQueue = syncQueue
    journal.prepare()
  }

  /// Appends a record, unless the history has stopped. Called under the lock of a room's log.
  ///
  /// - Returns: false if the journal is full: to be called again a little later.
  func append(_ entry: JournalEntry, firstSequence: UInt64, roomPosition: UInt64) -> Bool {
    guard store.isKeeping else { return true }
    guard journal.append(entry, firstSequence: firstSequence, roomPosition: roomPosition) else {
      giveUpInTime()
      return false
    }
    if !isCaring.load(ordering: .relaxed) { beginCare() }
    return true
  }

  /// Stops the history if the journal has been full for so long that the rooms have to go on without it.
  private func giveUpInTime() {
    archivist.wake()
    let (now, tail) = (MonotonicTime.now, journal.tail)
    let patience = store.isFailing ? Self.failingPatience : Self.slowPatience
    let isOver = wait.withLock { wait in
      if wait.tail != tail { wait = Wait(tail: tail, since: now) }
      return now - wait.since >= patience
    }
    // Everyone is told before anything is said that is not kept.
    if isOver, !isStopping.exchange(true, ordering: .acquiringAndReleasing) {
      store.queue.async { [self] in
        store.stop()
        isStopping.store(false, ordering: .releasing)
      }
    }
  }

  // MARK: Care

  private func beginCare() {
    guard !isCaring.exchange(true, ordering: .acquiringAndReleasing) else { return }
    queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in self?.tick() }
  }

  private func tick() {
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

  /// - Returns: what will be on the disk; `nil` if the disk is still waited for.
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
