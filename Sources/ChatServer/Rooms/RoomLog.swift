internal import ChatSystem
internal import Synchronization

/// A room's stream: the encoded lines, one after another, as all readers in the room get them.
///
/// It keeps the last `capacity` bytes in a ring. A position is a count of bytes since the room began, and every append
/// ends a line, so the head is always between two lines. What is appended is put into the journal first, if there is
/// one, and then published: at once, or, where lines have to be on the disk before, when `publish` says so. Readers hold
/// no lock: what lies between the tail and the head is not overwritten.
///
/// Thread: any appends; the broadcaster reads, and advances the tail.
/// Lock order: this lock, then the journal's, a room's members, or a peer's.
package final class RoomLog: Sendable {
  /// The longest append, in bytes.
  package static let longestAppend = 65_536

  /// Where an append came to lie.
  package struct Mark: Sendable {
    /// The position of its first byte.
    package let start: UInt64
    /// The position after its last.
    package let end: UInt64
    /// The number of its last line, counted from 1.
    package let sequence: UInt64
  }

  private struct State {
    /// The lowest position that a reader still needs.
    var tail: UInt64
    var sequence: UInt64
    /// Subscribers that the broadcaster has not admitted yet.
    var newcomers: [Subscriber] = []
    var isClosed = false
  }

  /// How often an appender that waits has slow readers judged, and one that waits for the journal looks again.
  private static let stallCheckInterval: Duration = .milliseconds(25)
  private static let journalCheckInterval: Duration = .milliseconds(2)

  private let ring: MirroredRing
  private let isDurable: Bool
  private let state: Guarded<State>

  /// Stored with release order after the bytes were written, under the lock; loaded with acquire order before the bytes
  /// are read.
  private let headPosition: Atomic<UInt64>

  /// How far lines are on the disk. Stored with release order when they are, and loaded with acquire order before they
  /// are sent.
  private let publishedPosition: Atomic<UInt64>

  /// The number of the last line, for whoever counts: relaxed, and stored before the head, so that the number that is
  /// read after a head is not a lower one than that head's.
  private let lastSequence: Atomic<UInt64>
  /// When the oldest line was appended of which no pass of the broadcaster has taken note, in nanoseconds of the
  /// monotonic clock; 0 if there is none. For measurements alone: relaxed.
  private let oldestAppend = Atomic<Int64>(0)

  /// How many appenders wait for space: a hint for the broadcaster, so relaxed.
  private let waiters = Atomic<Int>(0)

  /// Makes a log without lines.
  ///
  /// - Parameters:
  ///   - capacity: how many bytes it keeps: a power of two.
  ///   - position: how many bytes the room said before.
  ///   - sequence: how many lines they were.
  ///   - isDurable: whether lines are published only when `publish` says so.
  /// - Throws: `SystemError` if the system has no memory for it.
  package init(
    capacity: Int, position: UInt64 = 0, sequence: UInt64 = 0, isDurable: Bool = false
  ) throws {
    precondition(capacity >= 2 * Self.longestAppend)
    ring = try MirroredRing(capacity: capacity)
    self.isDurable = isDurable
    headPosition = Atomic(position)
    publishedPosition = Atomic(position)
    lastSequence = Atomic(sequence)
    state = Guarded(State(tail: position, sequence: sequence))
  }

  // MARK: Reading

  /// The position after the last line.
  package var head: UInt64 { headPosition.load(ordering: .acquiring) }

  /// The position after the last line that may be sent.
  package var published: UInt64 {
    isDurable ? publishedPosition.load(ordering: .acquiring) : head
  }

  /// The number of the last line, or of one after it. To be read after the head.
  var sequence: UInt64 { lastSequence.load(ordering: .relaxed) }

  /// When the oldest line was appended since this was called last; `nil` if none was.
  ///
  /// Thread: the broadcaster's queue.
  func takeOldestAppend() -> MonotonicTime? {
    guard oldestAppend.load(ordering: .relaxed) != 0 else { return nil }
    return MonotonicTime(nanoseconds: oldestAppend.exchange(0, ordering: .relaxed))
  }

  /// Lets lines up to here be sent.
  ///
  /// Thread: one at a time, `GroupSync`'s queue.
  package func publish(upTo position: UInt64) {
    publishedPosition.store(position, ordering: .releasing)
  }

  /// The bytes between two positions, both from the tail to the head. Valid until the broadcaster advances the tail.
  package subscript(range: Range<UInt64>) -> UnsafeRawBufferPointer { ring[range] }

  /// Whether a reader at this position is less than half a ring behind what it may be sent.
  package func isNearHead(_ cursor: UInt64) -> Bool {
    let published = published
    return cursor >= published || published - cursor <= UInt64(ring.capacity / 2)
  }

  // MARK: Appending

  /// Whether an appender waits for space.
  package var hasWaitingAppenders: Bool { waiters.load(ordering: .relaxed) > 0 }

  /// Appends whole lines, waiting while there is no space for them.
  ///
  /// - Parameters:
  ///   - bytes: at most `longestAppend`, ended by LF.
  ///   - lines: how many lines they are.
  ///   - newcomer: who reads the log from here on, these lines included.
  ///   - keep: called under the lock when there is space for the lines, before they are in: puts them into the journal,
  ///     or says that there is no space yet.
  ///   - whenFull: called under the lock whenever it is about to wait for readers: has slow ones judged.
  ///   - whileLocked: called under the lock when the lines are in, before any reader is sent them.
  /// - Returns: false if the log was closed; nothing was appended then.
  package func append(
    _ bytes: [UInt8], lines: Int, newcomer: Subscriber? = nil,
    keep: (Mark) -> Bool = { _ in true }, whenFull: () -> Void,
    _ whileLocked: (Mark) -> Void = { _ in }
  ) -> Bool {
    precondition(bytes.count <= Self.longestAppend)
    var outcome = state.withLock {
      append(bytes, lines, newcomer, keep, whileLocked, to: &$0)
    }
    /// Tries again whenever something was freed, until a little later.
    func wait(_ interval: Duration) -> Outcome {
      var last = outcome
      let final = state.wait(until: .now + interval) { state -> Outcome? in
        last = append(bytes, lines, newcomer, keep, whileLocked, to: &state)
        if last == .noSpace { whenFull() }
        return last == .done || last == .closed ? last : nil
      }
      return final ?? last
    }
    while true {
      switch outcome {
      case .done: return true
      case .closed: return false
      case .noSpace:
        waiters.wrappingAdd(1, ordering: .relaxed)
        outcome = wait(Self.stallCheckInterval)
        waiters.wrappingSubtract(1, ordering: .relaxed)
      case .notKept: outcome = wait(Self.journalCheckInterval)
      }
    }
  }

  private enum Outcome {
    case done, closed
    /// Readers have to take something first, or the journal has to be freed.
    case noSpace, notKept
  }

  private func append(
    _ bytes: [UInt8], _ lines: Int, _ newcomer: Subscriber?, _ keep: (Mark) -> Bool,
    _ whileLocked: (Mark) -> Void, to state: inout State
  ) -> Outcome {
    guard !state.isClosed else { return .closed }
    let start = headPosition.load(ordering: .relaxed)
    let end = start + UInt64(bytes.count)
    guard end - state.tail <= UInt64(ring.capacity) else { return .noSpace }
    let mark = Mark(start: start, end: end, sequence: state.sequence + UInt64(lines))
    guard keep(mark) else { return .notKept }
    bytes.withUnsafeBytes { ring.write($0, at: start) }
    state.sequence = mark.sequence
    if let newcomer {
      newcomer.begin(at: start, after: mark.sequence - UInt64(lines))
      state.newcomers.append(newcomer)
    }
    whileLocked(mark)
    if oldestAppend.load(ordering: .relaxed) == 0 {
      oldestAppend.store(MonotonicTime.now.nanoseconds, ordering: .relaxed)
    }
    lastSequence.store(mark.sequence, ordering: .relaxed)
    headPosition.store(end, ordering: .releasing)
    return .done
  }

  /// Does something while nothing is appended, given the number of the last line.
  package func withLock<Result>(_ body: (_ sequence: UInt64) -> Result) -> Result {
    state.withLock { body($0.sequence) }
  }

  /// All readers but the newcomers were sent the log up to `lowest` at least: what is before is free.
  ///
  /// Thread: the broadcaster's queue.
  /// - Returns: the newcomers, who count among all from now on, and the tail: the position from which on the ring keeps
  ///   the lines until this is called again.
  package func advanceTail(lowest: UInt64) -> (newcomers: [Subscriber], tail: UInt64) {
    let (newcomers, tail, isFreed) = state.withLock {
      let admitted = $0.newcomers
      $0.newcomers = []
      let before = $0.tail
      // What is not published yet has to be read by all.
      $0.tail = admitted.reduce(max(before, min(lowest, published))) { min($0, $1.cursor) }
      return (admitted, $0.tail, $0.tail != before)
    }
    if isFreed, hasWaitingAppenders { state.wake() }
    return (newcomers, tail)
  }

  /// Ends it: nothing is appended from here on, and appenders that wait are turned away.
  package func close() {
    state.withLock { $0.isClosed = true }
    state.wake()
  }
}
