package import ChatSystem
internal import Synchronization

/// The journal: what every room says, in the order in which it was said, before anyone is sent it.
///
/// `journal` in the data folder, allocated beforehand and mapped: a record is kept by a copy, which takes no system call
/// and waits for no disk; a long one is written. It survives the process, however that ends, because the system's memory
/// holds the file's pages; a power failure it survives once it was synced. `JournalRecord` has the format.
///
/// A ring: from `tail` to `head` lies what is not safe in the database yet, and is not overwritten; before that lie
/// older records, from `oldest` on. Positions count bytes and never wrap.
///
/// Thread: any appends; the rest is confined to the history's queue, but for what is marked.
/// Lock order: its lock is the last, but for that of `MemoryReserve` in `renew`.
package final class Journal: Sendable {
  /// Its name in the data folder.
  package static let name: FilePath = "journal"
  /// The name under which it is made.
  private static let newName: FilePath = "journal.new"
  /// The least and the most that it holds, in bytes.
  package static let sizes: ClosedRange<UInt64> = 1_000_000...64_000_000_000
  /// How many bytes are made ready ahead of the head.
  private static let preparedBytes = 1_048_576
  /// From so many bytes on, a record is written (pwritev(2)) and not copied. Measured for 64 KiB: 11 µs, where the copy
  /// took 4 µs into pages that were ready and 40 to 110 into others.
  private static let writtenBytes = 4_096
  /// The unit in which the system writes to the disk: an append to a page that is being written waits. Where pages are
  /// larger, the rest of one can be on its way.
  private static let pageBytes = 4_096
  /// How many bytes are looked through while appends wait.
  private static let erasedBytes: UInt64 = 65_536

  private struct State {
    var ring: FileRing
    /// The position of the oldest record that is not overwritten.
    var oldest: UInt64
  }

  private let folder: FilePath
  /// How many bytes its ring holds.
  package let capacity: Int
  /// Its own random number, which the database notes together with how far it was archived.
  package let identity: UInt64
  private let state: Guarded<State>
  /// Stored with release order after the record was written, under the lock; loaded with acquire order before it is read.
  private let headPosition: Atomic<UInt64>
  /// Stored with release order once what is before is not read any more, loaded with acquire order before that is
  /// overwritten.
  private let tailPosition: Atomic<UInt64>
  /// What is before is on the disk. A hint: what is synced twice costs time alone. So relaxed.
  private let syncedPosition: Atomic<UInt64>
  /// The disk did not take something. One flag alone, so relaxed.
  private let hasFailed = Atomic<Bool>(false)

  /// Makes an empty one, in place of what lies there.
  ///
  /// - Parameters:
  ///   - capacity: how many bytes its ring holds; a multiple of 64 KiB.
  ///   - start: the position of its first record.
  /// - Throws: `SystemError` if there is no space for it, or the file system maps no files.
  package init(in folder: FilePath, capacity: Int, start: UInt64 = 0) throws(SystemError) {
    self.folder = folder
    self.capacity = capacity
    // getrandom(2), through the standard library.
    identity = UInt64.random(in: 1...UInt64.max)
    state = Guarded(
      State(
        ring: try Self.make(
          in: folder, capacity, JournalHeader(identity: identity, start: start, capacity: capacity)),
        oldest: start))
    headPosition = Atomic(start)
    tailPosition = Atomic(start)
    syncedPosition = Atomic(start)
  }

  private static func make(
    in folder: FilePath, _ capacity: Int, _ header: JournalHeader,
    fill: (FileRing) -> Void = { _ in }
  ) throws(SystemError) -> FileRing {
    let path = folder.appending(newName)
    try? path.remove()
    let ring = try FileRing(creating: path, capacity: capacity)
    header.write(to: ring.header)
    fill(ring)
    do throws(SystemError) {
      // A name must not reach the disk before what it names.
      try ring.sync()
      let place = folder.appending(name)
      // What is no file can't be replaced.
      if let status = place.status, !status.isRegular {
        try place.rename(to: StoredJournal.asidePath(in: folder, as: "found"))
      }
      try path.rename(to: place)
      try Folder(path: folder).sync()
    } catch {
      try? path.remove()
      throw error
    }
    return ring
  }

  /// Removes its file, to be called when everything in it is in the database, on the disk.
  package func remove() { if isInPlace { try? folder.appending(Self.name).remove() } }

  // MARK: Positions

  /// The position after the last record. Thread: any.
  package var head: UInt64 { headPosition.load(ordering: .acquiring) }

  /// What is before is in the database, on the disk, and may be overwritten. Thread: any.
  package var tail: UInt64 { tailPosition.load(ordering: .acquiring) }

  /// The position of the oldest record that it still holds.
  package var oldest: UInt64 { state.withLock { $0.oldest } }

  /// How much of it is in use, from 0 to 1. Thread: any.
  package var fill: Double { Double(head - min(tail, head)) / Double(capacity) }

  // MARK: Appending

  /// Appends a record. Thread: any.
  ///
  /// - Parameters:
  ///   - firstSequence: the number of the first line in its room.
  ///   - roomPosition: the position of its first byte there.
  /// - Returns: false if there is no space for it now.
  package func append(
    _ entry: JournalEntry, firstSequence: UInt64, roomPosition: UInt64
  ) -> Bool {
    state.withLock { state in
      guard let start = reserve(entry.recordBytes, &state) else { return false }
      let header = JournalRecord.header(
        of: entry, firstSequence: firstSequence, roomPosition: roomPosition, at: start,
        identity: identity)
      Self.write(header, entry, to: state.ring, at: start)
      headPosition.store(
        JournalRecord.end(of: start, entry.recordBytes), ordering: .releasing)
      return true
    }
  }

  /// Fills the rest of the page that the head is in, so that what is appended next does not wait for the disk while the
  /// page is synced. Thread: any.
  package func closePage() {
    state.withLock { state in
      let used = Int(headPosition.load(ordering: .relaxed) % UInt64(Self.pageBytes))
      guard used > 0 else { return }
      var count = Self.pageBytes - used
      if count < JournalRecord.headerBytes { count += Self.pageBytes }
      guard let start = reserve(count, &state) else { return }
      JournalRecord.fill(
        state.ring.mutableBytes(start..<start + UInt64(count)), at: start, identity: identity)
      headPosition.store(start + UInt64(count), ordering: .releasing)
    }
  }

  /// Makes space for a record at the head, under the lock.
  ///
  /// - Returns: the head; `nil` if there is no space.
  private func reserve(_ recordBytes: Int, _ state: inout State) -> UInt64? {
    let start = headPosition.load(ordering: .relaxed)
    let end = JournalRecord.end(of: start, recordBytes)
    guard end - tailPosition.load(ordering: .acquiring) <= UInt64(capacity) else { return nil }
    let reader = JournalReader(ring: state.ring, identity: identity)
    while end - state.oldest > UInt64(capacity) {
      // Where that can't be read, the file was shortened or damaged: what must not be overwritten begins at the tail.
      state.oldest =
        reader.range(at: state.oldest).map { JournalRecord.end(of: $0.lowerBound, $0.count) }
        ?? tailPosition.load(ordering: .relaxed)
    }
    return start
  }

  /// Copies a record into the mapping; a long one is written, which takes less time than the faults of its pages.
  private static func write(
    _ header: InlineArray<7, UInt64>, _ entry: JournalEntry, to ring: FileRing, at start: UInt64
  ) {
    header.span.withUnsafeBytes { header in
      entry.room.name.withUnsafeBytes { name in
        entry.file.withUnsafeBytes { file in
          entry.lines.withUnsafeBytes { lines in
            let parts: InlineArray<4, UnsafeRawBufferPointer> = [header, name, file, lines]
            if entry.recordBytes >= writtenBytes, ring.writeToFile(parts, at: start) { return }
            var next = start
            for index in parts.indices {
              ring.write(parts[index], at: next)
              next += UInt64(parts[index].count)
            }
          }
        }
      }
    }
  }

  // MARK: Reading

  /// Hands over the records between two positions, as long as `body` wants more.
  ///
  /// - Parameter range: from the tail at the earliest to the head at the latest.
  /// - Returns: the position after the last record that was read; less than the range's end if `body` wanted no more,
  ///   or the next is not what was written.
  package func eachRecord<Failure: Error>(
    in range: Range<UInt64>, _ body: (JournalRecord) throws(Failure) -> Bool
  ) throws(Failure) -> UInt64 {
    let ring = state.withLock { $0.ring }
    return try JournalReader(ring: ring, identity: identity)
      .eachRecord(from: range.lowerBound, upTo: range.upperBound, body)
  }

  // MARK: Space

  /// Advances the tail: what is before a position is in the database, on the disk, and may be overwritten.
  package func free(upTo position: UInt64) {
    guard position > tailPosition.load(ordering: .relaxed) else { return }
    tailPosition.store(position, ordering: .releasing)
  }

  /// Takes what will hardly be read again out of this process's memory; the file keeps it.
  package func release(_ range: Range<UInt64>) {
    let ring = state.withLock { $0.ring }
    ring.releasePages(range)
  }

  /// Makes the next pages ready, so that no append waits for the system to do so. Thread: any.
  package func prepare() {
    let ring = state.withLock { $0.ring }
    ring.prefault(from: head, count: min(Self.preparedBytes, capacity / 2))
  }

  /// Has everything that was appended reach the disk (msync(2)).
  ///
  /// Thread: any; it waits for the disk. Two at once sync some of it twice.
  /// - Throws: `SystemError` if the disk did not take it: then `isInPlace` is false until `renew`.
  package func sync() throws(SystemError) {
    // What was appended before `renew` is in the next file, too.
    let (end, ring) = state.withLock { (headPosition.load(ordering: .relaxed), $0.ring) }
    // The system tells it once.
    if hasFailed.load(ordering: .relaxed) {
      throw SystemError("msync", code: SystemError.inputOutput)
    }
    let start = syncedPosition.load(ordering: .relaxed)
    guard start < end else { return }
    // Of a ring that was written more than once since, all of it.
    do throws(SystemError) {
      try ring.sync(max(start, end - min(end, UInt64(capacity)))..<end)
    } catch {
      // What could not be written may be lost with the system's memory.
      hasFailed.store(true, ordering: .relaxed)
      throw error
    }
    syncedPosition.store(end, ordering: .relaxed)
  }

  /// Moves the tail back to the oldest record that is not overwritten, as far as a quarter of the journal stays free: a
  /// new database is to have all of it. What was not freed is kept in any case.
  ///
  /// - Returns: the position of the first record that is kept.
  package func retain() -> UInt64 {
    state.withLock { state in
      let (head, freed) = (
        headPosition.load(ordering: .relaxed), tailPosition.load(ordering: .relaxed)
      )
      let reader = JournalReader(ring: state.ring, identity: identity)
      var tail = state.oldest
      while tail < freed, head - tail > UInt64(capacity / 4 * 3),
        let range = reader.range(at: tail)
      {
        tail = JournalRecord.end(of: tail, range.count)
      }
      // Where that can't be read, nothing that was freed can be kept.
      if tail > freed || reader.range(at: tail) == nil { tail = freed }
      tailPosition.store(tail, ordering: .releasing)
      return tail
    }
  }

  /// Overwrites what a room's freed records say with zeros. Those that are not freed stay: after a power failure the
  /// database may lack them and what follows, and one that is overwritten in part ends what can be read.
  package func erase(_ room: JournalRoom) {
    let freed = tail
    eraseRest()
    var next: UInt64 = 0
    while next < freed {
      // Appends wait while a part is looked through: none overwrites a record that is being read.
      next = state.withLock { state in
        let reader = JournalReader(ring: state.ring, identity: identity)
        let start = max(next, state.oldest)
        return reader.eachRecord(from: start, upTo: freed) { record in
          if record.kind != .erased, record.roomName.elementsEqual(room.name),
            let range = reader.range(at: record.position)
          {
            JournalRecord.erase(state.ring.mutableBytes(range), identity: identity)
          }
          return record.end - start < Self.erasedBytes
        }
      }
      guard next < freed, isReadable(at: next) else { return }
    }
  }

  /// Overwrites what is left, behind the head, of a record that was overwritten in part.
  private func eraseRest() {
    state.withLock { state in
      let head = headPosition.load(ordering: .relaxed)
      let end = state.oldest + UInt64(capacity)
      // In the first lap, nothing was written there.
      guard end > head, end - head <= UInt64(JournalRecord.longest) else { return }
      let rest = state.ring.mutableBytes(head..<end)
      for index in rest.indices { rest[index] = 0 }
    }
  }

  private func isReadable(at position: UInt64) -> Bool {
    state.withLock {
      position < $0.oldest
        || JournalReader(ring: $0.ring, identity: identity).record(at: position) != nil
    }
  }

  // MARK: A file that another program changes

  /// Whether the file lies where it was made, whole, and the disk has taken all of it. Thread: any.
  package var isInPlace: Bool {
    let ring = state.withLock { $0.ring }
    return !hasFailed.load(ordering: .relaxed) && !ring.isLost
      && ring.isInPlace(at: folder.appending(Self.name))
  }

  /// Makes the file again, with all records that are not freed. Appends wait meanwhile, for the disk too.
  package func renew() throws(SystemError) {
    try state.withLock { state throws(SystemError) in
      let (tail, head) = (
        tailPosition.load(ordering: .relaxed), headPosition.load(ordering: .relaxed)
      )
      let old = state.ring
      state.ring = try Self.make(
        in: folder, capacity,
        JournalHeader(identity: identity, start: tail, capacity: capacity)
      ) { $0.write(old[tail..<head], at: tail) }
      state.oldest = tail
      hasFailed.store(false, ordering: .relaxed)
    }
  }
}
