internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Archives the journal: reads it from a position on, commits what it reads to the database in large transactions, and
/// frees the space. Nobody waits for it but those who read the past, and those who speak while the journal is full.
///
/// Thread: confined to the history's queue, but for what is marked.
final class Archivist: @unchecked Sendable {
  // Safety: what changes is confined to the history's queue, or atomic.

  /// The most that is committed at once: others wait for the queue meanwhile.
  private static let batchBytes = 8_388_608
  private static let batchItems = 8_192
  /// Freeing space waits for the disk, so it is done when more than 1/64 of the journal is archived and not freed, in a
  /// rush more than 1/8.
  private static let heldPart = 64
  private static let rushHeldPart = 8
  /// In a rush archiving is put off until the journal is filled so far, from 0 to 1.
  private static let rushFill = 0.75
  /// How often it is tried again after a failure.
  private static let retryInterval: DispatchTimeInterval = .milliseconds(550)
  /// How long a reader of the past waits for what was said before it asked.
  private static let longestWait: Duration = .seconds(10)
  private static let waitStep: Duration = .milliseconds(20)

  private struct Waiter {
    let position: UInt64
    let completion: @Sendable () -> Void
  }

  /// What is archived. Thread: any.
  let journal: Journal
  private let store: HistoryStore

  /// What is before this is in the database.
  private var position: UInt64
  /// The same, for other threads.
  private let archivedPosition: Atomic<UInt64>
  private var waiters: [Waiter] = []
  private var isRetrying = false
  private let isScheduled = Atomic<Bool>(false)
  private let isRushed = Atomic<Bool>(false)

  /// Archives a journal that has no records yet.
  init(_ journal: Journal, _ store: HistoryStore) {
    (self.journal, self.store) = (journal, store)
    position = journal.head
    archivedPosition = Atomic(position)
    store.onNewFile = { [unowned self] in startOver() }
  }

  /// What is before this position of the journal is in the database. Thread: any.
  var archived: UInt64 { archivedPosition.load(ordering: .acquiring) }

  // MARK: Waiting for it

  /// Has what is new archived soon. Thread: any.
  func wake() {
    guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
    store.queue.async { self.archive() }
  }

  /// Has what is new archived soon, unless that can wait. Thread: any.
  func wakeUnlessPutOff() { if !isPutOff { wake() } }

  /// Notes whether so much is said that the rooms need the processors more. Thread: any.
  func note(isRushed: Bool) {
    self.isRushed.store(isRushed, ordering: .relaxed)
    store.indexer?.note(isRushed: isRushed)
  }

  private var isPutOff: Bool {
    isRushed.load(ordering: .relaxed) && journal.fill < Self.rushFill
  }

  /// Waits until everything that was said so far is archived, up to a limit.
  ///
  /// Thread: a session's.
  /// - Parameter isWanted: asked from time to time.
  /// - Returns: whether it is.
  func waitUntilCurrent(while isWanted: () -> Bool = { true }) -> Bool {
    let head = journal.head
    let deadline = MonotonicTime.now + Self.longestWait
    while true {
      let position = archivedPosition.load(ordering: .acquiring)
      guard position < head else { return true }
      store.queue.sync { archive() }
      let next = archivedPosition.load(ordering: .acquiring)
      guard next < head else { return true }
      guard isWanted(), MonotonicTime.now < deadline, store.isKeeping else { return false }
      if next == position { SystemThread.sleep(for: Self.waitStep) }
    }
  }

  /// Calls back when everything that was said so far is archived, on the history's queue. Thread: any.
  func whenCurrent(_ completion: @escaping @Sendable () -> Void) {
    let head = journal.head
    store.queue.async { [self] in
      waiters.append(Waiter(position: head, completion: completion))
      archive()
    }
  }

  // MARK: Archiving

  /// Whether nothing is left to be archived.
  var isCurrent: Bool { position == journal.head }

  /// Archives everything that was said before the call.
  ///
  /// - Returns: false if that failed.
  func archiveAll() -> Bool {
    let head = journal.head
    while position < head, store.mayWrite { archive() }
    return position >= head
  }

  /// Archives one batch. What else waits for the queue comes before the next one.
  func archive() {
    // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
    _ = isScheduled.exchange(false, ordering: .acquiringAndReleasing)
    defer { callWaiters() }
    guard store.mayWrite else { return retryLater() }
    let head = journal.head
    do throws(HistoryError) {
      if position < head { try archive(upTo: head) }
      try freeInTime()
      if store.needsRestore, position >= head, let host = store.host {
        try HistoryRestore(store, host).run()
        store.needsRestore = false
      }
      store.noteSuccess()
    } catch {
      store.handle(error)
      return retryLater()
    }
    resumeIfStopped()
    // In a rush, too, somebody may wait for what is left.
    if !isCurrent { waiters.isEmpty ? wakeUnlessPutOff() : wake() }
  }

  private func archive(upTo head: UInt64) throws(HistoryError) {
    var batch = ArchiveBatch(steadyClock: store.steadyClock)
    let end = journal.eachRecord(in: position..<head) { record in
      batch.add(record)
      return batch.byteCount < Self.batchBytes && batch.items.count < Self.batchItems
    }
    if end == position {
      // The file was shortened or overwritten. The lines were published; only their past is lost, and that of what
      // follows: it is not known where the next record begins.
      store.log.error("a part of the journal can't be read: what was said there is lost")
      store.host?.announce("The journal was damaged: what was said last is not kept.")
      try store.writer.archive(
        ArchiveBatch(), JournalProgress(identity: journal.identity, position: head))
      store.needsRestore = true
      position = head
    } else {
      try store.writer.archive(
        batch, JournalProgress(identity: journal.identity, position: end))
      journal.release(position..<end)
      position = end
    }
    archivedPosition.store(position, ordering: .releasing)
    store.indexer?.wake()
  }

  private func freeInTime() throws(HistoryError) {
    let part = isRushed.load(ordering: .relaxed) ? Self.rushHeldPart : Self.heldPart
    if position - min(position, journal.tail) > UInt64(journal.capacity / part) { try free() }
  }

  /// Frees what is archived: first it has to be on the disk, so that a power failure loses nothing that the journal had.
  private func free() throws(HistoryError) {
    try store.writer.sync()
    journal.free(upTo: position)
  }

  /// Waits until everything that is archived is on the disk, and frees its space.
  func finish() throws(HistoryError) {
    if position > journal.tail { try free() }
  }

  /// Something could not be put into the journal that the rooms still know, and `HistoryRestore` writes.
  func restore() {
    store.needsRestore = true
    archive()
  }

  /// Overwrites a deleted room's records in the journal, as far as they are freed: call `finish` first.
  func erase(_ room: String) { journal.erase(JournalRoom(room)) }

  /// A new database has begun: what the journal still holds is archived again, see `Journal.retain`.
  private func startOver() {
    position = journal.retain()
    archivedPosition.store(position, ordering: .releasing)
    wake()
  }

  // MARK: Trouble

  private func retryLater() {
    guard !isRetrying, !store.hasEnded else { return }
    isRetrying = true
    store.queue.asyncAfter(deadline: .now() + Self.retryInterval) { [weak self] in
      guard let self else { return }
      isRetrying = false
      if !isCurrent || store.isFailing || store.needsRestore || !store.isKeeping { archive() }
    }
  }

  /// Where rooms had to go on without the journal, uses it again once all of it is archived and the disk takes it.
  private func resumeIfStopped() {
    guard !store.isKeeping, isCurrent, !store.isEnding else { return }
    do throws(HistoryError) { try free() } catch {
      store.handle(error)
      return retryLater()
    }
    // It may have failed for that.
    guard journal.isInPlace, (try? journal.sync()) != nil else { return retryLater() }
    store.resume()
    wake()
  }

  private func callWaiters() {
    guard !waiters.isEmpty else { return }
    let position = position
    let ready = waiters.filter { $0.position <= position }
    waiters.removeAll { $0.position <= position }
    for waiter in ready { waiter.completion() }
  }
}
