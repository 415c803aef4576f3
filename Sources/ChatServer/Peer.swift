internal import ChatCore
package import ChatSystem

/// A connection as everyone but its own thread sees it: where it comes from, what it is owed, and
/// whether it is to end.
///
/// Owned by its session's thread and, between joining and the last byte sent, by the broadcaster; the
/// socket closes when both have let go.
package final class Peer: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`, or belongs to one thread at a time, as noted.

  /// The socket. The session receives; the session sends before it joins, the broadcaster after.
  package let stream: Stream

  /// Where it comes from.
  package let address: Address

  private let lock = Lock()
  private let changed = Condition()

  // Guarded by `lock`.
  private var outbox = Outbox()
  private var interruption: CloseReason?
  private var isFlushed = false

  // The session's until it joins; then the broadcaster's, on its queue. The room log's lock, taken
  // in between by both, hands them over.

  /// How far the room's log has been sent.
  package var cursor: UInt64 = 0
  /// The last byte sent was no LF.
  package var isMidLine = false
  /// The socket took less than it was offered; it is asked again when it is writable.
  package var isBlocked = false
  /// The writability watch knows the socket.
  package var isWatched = false
  /// It was cut: it reads no log any more, and nobody waits for it.
  package var isCut = false
  /// Its place among the broadcaster's members.
  package var memberIndex = 0
  /// Whether it has stopped reading while the room waits for it.
  package var stallClock = StallClock()

  /// Whether it said `[HELLO]`. Set by the session before it joins, constant afterwards.
  package var speaksVersion1 = false

  /// Takes over a connection.
  package init(stream: Stream, address: Address) {
    self.stream = stream
    self.address = address
  }

  /// How far the log has reached the peer's system. The cursor says what ours has taken, in leaps of
  /// megabytes: a slow reader's would seem to stand still. Thread: the broadcaster.
  package var deliveredPosition: UInt64 {
    let waiting = UInt64(stream.unacknowledgedBytes)
    return waiting < cursor ? cursor - waiting : 0
  }

  // MARK: What it is owed

  /// Owes it lines at the present end of the log.
  ///
  /// The position is taken under the lock under which the broadcaster decides how far to send, so
  /// it is never one that was passed already.
  ///
  /// Thread: any.
  /// - Returns: false if too much waits for it; nothing changed then.
  package func post(_ bytes: [UInt8], in log: RoomLog) -> Bool {
    lock.withLock {
      guard outbox.hasRoom(for: bytes.count) else { return false }
      outbox.post(bytes, at: log.head)
      return true
    }
  }

  /// Owes it lines at a position that no reader has reached yet.
  ///
  /// Thread: whoever holds the log's lock and is appending there.
  package func post(_ bytes: [UInt8], at position: UInt64) {
    lock.withLock { outbox.post(bytes, at: position) }
  }

  /// Owes it the log up to a position, then these lines, and nothing after.
  package func finish(_ bytes: [UInt8], at position: UInt64) {
    lock.withLock { outbox.finish(bytes, at: position) }
  }

  /// Owes it no more than the rest of a line half sent, and these lines.
  package func cut(_ bytes: [UInt8], rest: [UInt8]) {
    lock.withLock { outbox.cut(bytes, rest: rest) }
  }

  /// What to send next. Thread: the broadcaster.
  package func nextPiece(head: UInt64) -> Outbox.Piece {
    lock.withLock { outbox.next(cursor: cursor, head: head) }
  }

  /// So much of its own was sent. Thread: the broadcaster.
  package func sentOwn(_ count: Int) {
    lock.withLock {
      outbox.sent(count)
      changed.broadcast()
    }
  }

  /// Waits until a line of its own can be posted again.
  ///
  /// - Returns: false if nothing at all was taken for as long as a reader may stall, or it is to end.
  package func waitForRoom(for count: Int) -> Bool {
    lock.withLock {
      var deadline = MonotonicTime.now + StallClock.patience
      var waiting = outbox.queuedBytes
      while !outbox.hasRoom(for: count) {
        guard interruption == nil, changed.wait(lock, until: deadline) else { return false }
        if outbox.queuedBytes < waiting {
          waiting = outbox.queuedBytes
          deadline = .now + StallClock.patience
        }
      }
      return true
    }
  }

  // MARK: The end

  /// Has the session end, for this reason if it has none yet. Thread: any.
  package func interrupt(_ reason: CloseReason) {
    lock.withLock {
      interruption = interruption ?? reason
      changed.broadcast()
    }
    stream.shutdownReading()
  }

  /// Why the session is to end, if it is.
  package var interruptionReason: CloseReason? { lock.withLock { interruption } }

  /// Everything it is owed was sent, or never will be. Thread: the broadcaster.
  package func markFlushed() {
    lock.withLock {
      isFlushed = true
      changed.broadcast()
    }
  }

  /// Waits for `markFlushed`.
  ///
  /// - Returns: false if the time was over before.
  package func waitUntilFlushed(until deadline: MonotonicTime) -> Bool {
    lock.withLock {
      while !isFlushed {
        guard changed.wait(lock, until: deadline) else { return false }
      }
      return true
    }
  }

  /// Waits for a time, less if the session is to end.
  package func pause(for duration: Duration) {
    let deadline = MonotonicTime.now + duration
    lock.withLock {
      while interruption == nil, changed.wait(lock, until: deadline) {}
    }
  }
}
