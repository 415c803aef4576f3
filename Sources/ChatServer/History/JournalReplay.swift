internal import ChatHistory
internal import ChatSystem

/// Archives what an earlier server, which did not end by itself, left in its journal.
///
/// Thread: the one that starts the server; nothing else uses the history yet.
struct JournalReplay {
  private static let batchBytes = 8_388_608
  private static let batchItems = 20_000
  private static let retryInterval: Duration = .milliseconds(100)

  private let store: HistoryStore
  private let folder: FilePath

  init(_ store: HistoryStore, folder: FilePath) { (self.store, self.folder) = (store, folder) }

  /// Archives it, and has it reach the disk: the journal can be replaced then.
  ///
  /// - Parameter deadline: a database that can't be written is tried again until then.
  /// - Throws: `HistoryError`; nothing is lost then, and the next start tries again.
  func run(until deadline: MonotonicTime) throws(HistoryError) {
    if let journal = try open() {
      do throws(HistoryError) { try archive(journal, until: deadline) } catch {
        guard error.kind == .damaged else { throw error }
        // What the journal still has is the beginning of the next history.
        store.handle(error)
        try archive(journal, until: deadline)
      }
    }
    try retrying(until: deadline) { () throws(HistoryError) in
      try store.writer.markAllEmptied(at: store.clock().wallMilliseconds)
    }
  }

  /// The journal that was left, if it can be read.
  private func open() throws(HistoryError) -> StoredJournal? {
    do throws(HistoryError) { return try StoredJournal(in: folder) } catch {
      guard error.kind == .damaged else { throw error }
      let path = try StoredJournal.setAside(in: folder)
      store.log.error("\(error); it is now \(path), and what only it had is lost")
      return nil
    }
  }

  private func archive(
    _ journal: StoredJournal, until deadline: MonotonicTime
  ) throws(HistoryError) {
    var position = journal.start(after: try store.writer.progress())
    var lineCount = 0
    while true {
      var batch = ArchiveBatch()
      let end = journal.eachRecord(from: position) { record in
        batch.add(record)
        if record.kind == .lines { lineCount += record.lineCount }
        return batch.byteCount < Self.batchBytes && batch.items.count < Self.batchItems
      }
      guard end > position else { break }
      let progress = JournalProgress(identity: journal.identity, position: end)
      try retrying(until: deadline) { () throws(HistoryError) in
        try store.writer.archive(batch, progress)
      }
      position = end
    }
    if lineCount > 0 {
      store.log.info("lines of the journal that were put into the history: \(lineCount)")
    }
    if journal.isTorn(at: position) {
      store.log.warning("the journal's end was incomplete, and is cut off there")
    }
    // The journal is replaced now. An earlier start may have archived it, and been killed before this.
    try store.writer.sync()
  }

  private func retrying(
    until deadline: MonotonicTime, _ body: () throws(HistoryError) -> Void
  ) throws(HistoryError) {
    while true {
      do throws(HistoryError) { return try body() } catch {
        guard error.kind == .full, MonotonicTime.now < deadline else { throw error }
        SystemThread.sleep(for: Self.retryInterval)
      }
    }
  }
}
