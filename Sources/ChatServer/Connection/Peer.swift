internal import ChatCore
package import ChatSystem
internal import Synchronization

/// A connection as everyone but its own thread sees it: where it comes from, what it is owed, and
/// whether it is to end.
///
/// Owned by its session's thread and, between joining and the last byte sent, by the broadcaster; the
/// socket closes when both have let go.
package final class Peer: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`, or belongs to one thread at a time, as noted.

  /// The socket. The session receives; the session sends before it joins, the broadcaster after.
  package let stream: TCPTransport

  /// Where it comes from.
  package let address: Address

  /// How often it is looked, while nothing is sent, whether the connection is broken.
  private static let breakCheckInterval: Duration = .milliseconds(250)

  private let lock = Lock()
  private let changed = Condition()

  // Guarded by `lock`.
  private var outbox = Outbox()
  private var interruption: CloseReason?
  private var isFlushed = false
  /// The room whose stream it is sent; `nil` before the first, and between two.
  private var room: Room?
  /// Where it came into its room: what it is told comes after its greeting.
  private var entrance: UInt64 = 0
  /// Its room has sent it the last of its stream, and looks at its outbox no more.
  private var hasEnded = false
  /// The file sender has been lent the socket; wants it no more.
  private var turn: SendingTurn?
  private var hasNoTurns = false
  /// Sends it files, once there was one.
  private var sender: FileSender?

  /// The file sender wants the socket. Set under `lock`, before the broadcaster is woken; looked at without it,
  /// since that is done for every member in every pass.
  private let isTurnWanted = Atomic<Bool>(false)

  // The session's until it joins; then the broadcaster's, on its queue, until it has sent the last byte.
  // The room log's lock, taken in between by both, hands them over, and `markFlushed` hands them back.

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
  /// The room's ring keeps what it has not been sent. If not, it may have to be read from the history.
  package var isAttached = true
  /// What was read from the history for it, and the position of the first byte.
  package var past: (position: UInt64, bytes: [UInt8])?
  /// The history is being read for it.
  package var isFetching = false
  /// Its session is gone: whoever still admits it lets it go.
  package var isDropped = false
  /// Its socket is the file sender's until that gives it back.
  package var isLent = false
  /// Its place among the broadcaster's members.
  package var memberIndex = 0
  /// Whether it holds back a room that waits for it.
  package var holdClock = HoldClock()
  /// Whether it makes progress while it does.
  package var progressClock = StallClock()
  /// Whether it takes anything at all.
  package var silenceClock = StallClock()
  /// How many bytes its socket has taken since it joined.
  package var sentBytes: UInt64 = 0

  /// Whether it said `[HELLO]`. Set by the session before it joins, constant afterwards.
  package var speaksVersion1 = false

  /// Takes over a connection.
  package init(stream: TCPTransport, address: Address) {
    self.stream = stream
    self.address = address
  }

  /// How many bytes have reached the peer's system. What ours has taken grows in leaps of megabytes: a
  /// slow reader would seem to stand still. Thread: the broadcaster.
  package var deliveredBytes: UInt64 {
    let waiting = UInt64(stream.unacknowledgedBytes)
    return waiting < sentBytes ? sentBytes - waiting : 0
  }

  // MARK: What it is owed

  /// Sends it lines after all that its room said so far; between two rooms, where the next begins.
  ///
  /// The position is taken under the lock under which the broadcaster decides how far to send, so
  /// it is never one that was passed already.
  ///
  /// Thread: any.
  func enqueue(_ bytes: [UInt8]) -> Outbox.Enqueueing {
    let (result, room) = lock.withLock {
      (outbox.enqueue(bytes, at: max(self.room?.head ?? 0, entrance)), self.room)
    }
    if result == .queued { room?.wakeBroadcaster() }
    return result
  }

  /// Sends it lines that nobody relies on its reading: if it reads too slowly, or has left, it does without.
  ///
  /// Thread: any.
  func enqueueIfPossible(_ bytes: [UInt8]) {
    switch enqueue(bytes) {
    case .queued, .full, .absent: break
    }
  }

  /// It is sent a room's stream; at `position` a greeting, then what it was told since its last room.
  ///
  /// Thread: its session's, while it appends to the room's log.
  func enter(_ room: Room, at position: UInt64, greeting: [UInt8]) {
    lock.withLock {
      self.room = room
      entrance = position
      isFlushed = false
      hasEnded = false
      outbox.begin(greeting, at: position)
    }
  }

  /// It is sent its room's stream up to a position, and may enter another then.
  ///
  /// Thread: its session's, while it appends to the room's log.
  func leaveRoom(at position: UInt64) {
    lock.withLock {
      room = nil
      outbox.move(at: position)
    }
  }

  // MARK: A long answer

  /// Keeps the room's stream back at a position that no reader has reached yet, until `release`.
  package func pauseLog(at position: UInt64) { lock.withLock { outbox.pause(at: position) } }

  /// Puts lines in where the stream is kept back.
  func splice(_ bytes: [UInt8]) -> Outbox.Enqueueing {
    let (result, room) = lock.withLock { (outbox.splice(bytes), self.room) }
    if result == .queued { room?.wakeBroadcaster() }
    return result
  }

  /// Lets the room's stream go on.
  func resumeLog() {
    let room = lock.withLock {
      outbox.resume()
      return self.room
    }
    room?.wakeBroadcaster()
  }

  /// Owes it the log up to a position, then these lines, and nothing after.
  package func finish(_ bytes: [UInt8], at position: UInt64) {
    lock.withLock { outbox.finish(bytes, at: position) }
  }

  /// Owes it, on its way to another room, what it was told meanwhile, then these lines, and nothing after.
  ///
  /// - Returns: `nil` if its old room will send them. If that has sent it everything already, nobody will: the caller
  ///   has to send what is returned.
  func finishMoving(_ bytes: [UInt8]) -> [UInt8]? {
    lock.withLock {
      guard !hasEnded else { return outbox.close() + bytes }
      outbox.finish(bytes, at: 0)
      return nil
    }
  }

  /// It leaves, and is in no room.
  ///
  /// - Returns: what it was told since the last one, which the caller has to send.
  func finishOutside() -> [UInt8] { lock.withLock { outbox.close() } }

  /// Owes it no more than the rest of a line half sent, and these lines.
  package func cut(_ bytes: [UInt8], rest: [UInt8]) {
    lock.withLock { outbox.cut(bytes, rest: rest) }
  }

  /// What to send next. Thread: the broadcaster.
  package func nextPiece(head: UInt64) -> Outbox.Piece {
    lock.withLock {
      let piece = outbox.next(cursor: cursor, head: head)
      if piece == .end { hasEnded = true }
      return piece
    }
  }

  /// So much of its own was sent. Thread: the broadcaster.
  package func sentOwn(_ count: Int) {
    lock.withLock {
      outbox.sent(count)
      changed.broadcast()
    }
  }

  /// Waits until lines of its own, or of a long answer, can be taken again.
  ///
  /// - Returns: false if it is to end: because it does not read, among other reasons.
  package func waitForSpace(for count: Int, toSplice: Bool = false) -> Bool {
    lock.withLock {
      while !(toSplice ? outbox.hasRoomToSplice(count) : outbox.hasRoom(for: count)) {
        guard interruption == nil else { return false }
        changed.wait(lock)
      }
      return interruption == nil
    }
  }

  // MARK: Files between lines

  /// What sends it files; `nil` once it has left.
  func fileSender(patience: Duration) -> FileSender? {
    lock.withLock {
      guard !hasNoTurns else { return nil }
      let sender = sender ?? FileSender(peer: self, patience: patience)
      self.sender = sender
      return sender
    }
  }

  /// Sends it a line at a position that no reader has reached yet, if not too much waits for it.
  ///
  /// Thread: whoever holds the log's lock and is appending there.
  func offer(_ line: [UInt8], at position: UInt64) -> Outbox.Enqueueing {
    lock.withLock { outbox.enqueue(line, at: position) }
  }

  /// Waits until the socket stands between two lines, and nothing else is to be sent.
  ///
  /// Thread: the file sender's; the session's where a classic client asks.
  /// - Parameter limit: how long.
  func waitForTurn(for limit: Duration) -> TurnWait {
    let deadline = MonotonicTime.now + limit
    let room = lock.withLock {
      isTurnWanted.store(true, ordering: .relaxed)
      return self.room
    }
    // Between two rooms, the next one's broadcaster sees it by itself.
    room?.wakeBroadcaster()
    return lock.withLock {
      var isOver = false
      while turn == nil, !hasNoTurns, interruption == nil, !isOver {
        isOver = !changed.wait(lock, until: deadline)
      }
      isTurnWanted.store(false, ordering: .relaxed)
      defer { turn = nil }
      return turn.map { .lent($0) } ?? (isOver ? .notYet : .never)
    }
  }

  /// Lends the socket to the file sender if that waits for it. Thread: the broadcaster.
  func lend(_ turn: @autoclosure () -> SendingTurn) -> Bool {
    guard isTurnWanted.load(ordering: .relaxed) else { return false }
    return lock.withLock {
      guard isTurnWanted.load(ordering: .relaxed), !hasNoTurns else { return false }
      isTurnWanted.store(false, ordering: .relaxed)
      self.turn = turn()
      changed.broadcast()
      return true
    }
  }

  /// The file sender gets the socket no more, and ends.
  func endTurns() {
    let sender = lock.withLock {
      hasNoTurns = true
      changed.broadcast()
      defer { self.sender = nil }
      return self.sender
    }
    sender?.stop()
  }

  /// Whether something waits to be sent, in a log that ends at `head`. Thread: the file sender's, while it has the
  /// socket, and so the cursor lies still.
  func isWaitedFor(head: UInt64) -> Bool {
    lock.withLock { outbox.next(cursor: cursor, head: head) != .nothing }
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

  /// Its connection is broken, in the middle of a line perhaps: nothing can be sent any more, and its session ends.
  ///
  /// Thread: any.
  package func fail(_ reason: CloseReason) {
    stream.shutdownBoth()
    lock.withLock {
      // What it was told on its way to another room is lost with the connection.
      _ = outbox.close()
      interruption = interruption ?? reason
      changed.broadcast()
    }
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

  /// Waits for `markFlushed`, as long as it takes.
  ///
  /// - Returns: false if it is to end before; because it does not read, among other reasons.
  package func waitUntilFlushed() -> Bool {
    lock.withLock {
      while !isFlushed, interruption == nil { changed.wait(lock) }
      return isFlushed
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

  /// Waits for a time, less if the session is to end, or nobody is there any more.
  package func wait(for duration: Duration) {
    let deadline = MonotonicTime.now + duration
    while MonotonicTime.now < deadline, interruptionReason == nil {
      // Nothing is sent meanwhile: so nobody else would find out.
      guard !stream.isBroken else { return interrupt(.connectionLost) }
      lock.withLock {
        let next = min(deadline, .now + Self.breakCheckInterval)
        while interruption == nil, changed.wait(lock, until: next) {}
      }
    }
  }
}
