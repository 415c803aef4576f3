internal import ChatSystem
internal import Synchronization

/// A room's stream: the encoded lines, one after another, as everyone in the room gets them.
///
/// It keeps the last `capacity` bytes in a ring. A position is a count of bytes since the room began,
/// and every append ends a line, so the head is always between two lines. Where there is a history, the
/// recorder follows the head and says how far the lines may be published; else they may at once. Readers hold no
/// lock: what lies between the tail and the head is not overwritten.
///
/// Thread: any appends; the recorder shows; the broadcaster reads, and settles how far everyone has
/// been served.
/// Lock order: this lock, then a `Peer`'s.
package final class RoomLog: @unchecked Sendable {
  // Sound: what changes is guarded by `lock` or atomic, and the ring's bytes lie still between the tail, which
  // the broadcaster alone moves, and the head.

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

  /// How often a waiting appender has the readers looked at.
  private static let stallCheckInterval: Duration = .milliseconds(25)

  private let ring: MirroredRing
  /// Where it began: what is before is not in the ring.
  private let firstPosition: UInt64
  private let isRecorded: Bool
  private let lock = Lock()
  private let space = Condition()

  /// Stored with release order after the bytes were written, under the lock; loaded with acquire
  /// order by whoever reads the bytes.
  private let headPosition: Atomic<UInt64>

  /// How far the recorder has kept the lines. Stored with release order when they are committed, and
  /// loaded with acquire order by whoever sends them.
  private let publishedPosition: Atomic<UInt64>

  /// How many appenders wait for space: a hint for the broadcaster, so relaxed.
  private let waiters = Atomic<Int>(0)

  // Guarded by `lock`.

  /// The lowest position that somebody still needs.
  private var tail: UInt64
  private var sequence: UInt64
  private var newcomers: [Peer] = []
  private var isClosed = false

  /// Makes a log without lines.
  ///
  /// - Parameters:
  ///   - capacity: how many bytes it keeps: a power of two.
  ///   - position: how many bytes the room said before.
  ///   - sequence: how many lines they were.
  ///   - isRecorded: whether lines are published only when `show` says so.
  /// - Throws: `SystemError` if the system has no memory for it.
  package init(
    capacity: Int, position: UInt64 = 0, sequence: UInt64 = 0, isRecorded: Bool = false
  ) throws {
    precondition(capacity >= 2 * Self.longestAppend)
    ring = try MirroredRing(capacity: capacity)
    self.isRecorded = isRecorded
    firstPosition = position
    headPosition = Atomic(position)
    publishedPosition = Atomic(position)
    tail = position
    self.sequence = sequence
  }

  /// The position after the last line.
  package var head: UInt64 { headPosition.load(ordering: .acquiring) }

  /// The position after the last line that may be sent.
  package var published: UInt64 { isRecorded ? publishedPosition.load(ordering: .acquiring) : head }

  /// Lines up to here may be sent. Thread: the recorder.
  package func publish(upTo position: UInt64) {
    publishedPosition.store(position, ordering: .releasing)
  }

  /// Whether a reader at this position is less than half a ring behind what it may be sent.
  package func isNearHead(_ cursor: UInt64) -> Bool {
    let published = published
    return cursor >= published || published - cursor <= UInt64(ring.capacity / 2)
  }

  /// Whether somebody waits for space.
  package var hasWaitingAppenders: Bool { waiters.load(ordering: .relaxed) > 0 }

  /// The bytes between two positions, both from the lowest cursor to the head. Valid until the
  /// broadcaster settles that nobody needs them.
  package subscript(range: Range<UInt64>) -> UnsafeRawBufferPointer { ring[range] }

  /// Appends whole lines, waiting while there is no space for them.
  ///
  /// - Parameters:
  ///   - bytes: at most `longestAppend`, ended by LF.
  ///   - lines: how many lines they are.
  ///   - newcomer: who reads the log from here on, these lines included.
  ///   - whenFull: called under the lock whenever it is about to wait: has the readers looked at.
  ///   - whileLocked: called under the lock when the lines are in, before anyone is sent them.
  /// - Returns: false if the log was closed; nothing was appended then.
  package func append(
    _ bytes: [UInt8], lines: Int, newcomer: Peer? = nil, whenFull: () -> Void,
    _ whileLocked: (Mark) -> Void = { _ in }
  ) -> Bool {
    precondition(bytes.count <= Self.longestAppend)
    return lock.withLock {
      var start = headPosition.load(ordering: .relaxed)
      if start + UInt64(bytes.count) - tail > UInt64(ring.capacity) {
        waiters.wrappingAdd(1, ordering: .relaxed)
        defer { waiters.wrappingSubtract(1, ordering: .relaxed) }
        while start + UInt64(bytes.count) - tail > UInt64(ring.capacity), !isClosed {
          whenFull()
          space.wait(lock, until: .now + Self.stallCheckInterval)
          start = headPosition.load(ordering: .relaxed)
        }
      }
      guard !isClosed else { return false }
      bytes.withUnsafeBytes { ring.write($0, at: start) }
      sequence += UInt64(lines)
      let mark = Mark(start: start, end: start + UInt64(bytes.count), sequence: sequence)
      if let newcomer {
        newcomer.cursor = start
        newcomers.append(newcomer)
      }
      whileLocked(mark)
      headPosition.store(mark.end, ordering: .releasing)
      return true
    }
  }

  /// Does something while nothing is appended, given the number of the last line.
  package func withLock<Result>(_ body: (_ sequence: UInt64) -> Result) -> Result {
    lock.withLock { body(sequence) }
  }

  /// A copy of all whole lines up to a position that the ring still holds, served or not, and the position of the
  /// first. Whoever appends waits meanwhile, so that nothing of it is overwritten.
  package func remembered(upTo end: UInt64) -> (position: UInt64, bytes: [UInt8]) {
    let (start, bytes) = lock.withLock {
      let head = headPosition.load(ordering: .relaxed)
      let capacity = UInt64(ring.capacity)
      let start = max(firstPosition, head > capacity ? head - capacity : 0)
      return (start, start < end ? Array(ring[start..<end]) : [])
    }
    guard start > firstPosition, let lineFeed = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
      return (start, bytes)
    }
    return (start + UInt64(lineFeed + 1), Array(bytes[(lineFeed + 1)...]))
  }

  /// Everyone but the newcomers has been served up to `lowest` at least: what is before is free.
  ///
  /// Thread: the broadcaster.
  /// - Returns: the newcomers, who count among everyone from now on, and the position from which on the
  ///   ring keeps the lines until this is called again.
  package func advanceTail(lowest: UInt64) -> (newcomers: [Peer], tail: UInt64) {
    lock.withLock {
      let admitted = newcomers
      newcomers = []
      let before = tail
      // What is not published yet has to be read by the recorder, and then by everyone.
      tail = admitted.reduce(max(before, min(lowest, published))) { min($0, $1.cursor) }
      if tail != before, hasWaitingAppenders { space.broadcast() }
      return (admitted, tail)
    }
  }

  /// Ends it: nothing is appended from here on, and whoever waits to is told so.
  package func close() {
    lock.withLock {
      isClosed = true
      space.broadcast()
    }
  }
}
