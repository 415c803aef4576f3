internal import ChatCore
package import ChatSystem
internal import Synchronization

/// A connection as other threads than its session's see it: its transport, its mailbox, and whether it is to end.
///
/// Owned by its session's thread and, between a join and the last byte sent in that room, by the subscriber that was
/// made for the join; the transport closes when both have let go.
///
/// Thread: any, but for what says otherwise. Its lock takes no other; a room log's lock may be held while it is taken.
package final class Peer: Sendable {
  /// The connection. The session receives; the session sends before it joins, the subscriber after.
  package let transport: any Transport

  /// Where it comes from.
  package let address: Address

  /// What its links to files begin with; `nil` where files are not served by HTTP.
  package let links: FileLinks?

  /// How often a session that waits looks whether the connection is broken.
  private static let breakCheckInterval: Duration = .milliseconds(250)

  /// How far the connection has come.
  private enum Phase {
    /// It has been in no room.
    case handshake
    /// It is sent a room's stream. What it alone is sent comes after its greeting, at `entrance`.
    case inRoom(any RoomStream, entrance: UInt64)
    /// It has left its room, which sends it the rest; then it enters another.
    case moving
    /// It leaves; its room sends it the rest.
    case leaving
    /// Nothing is sent by a room any more.
    case ended
  }

  private struct State {
    var phase = Phase.handshake
    var mailbox = Outbox()
    var interruption: CloseReason?
    /// No subscriber uses the transport.
    var isReleased = true

    var room: (any RoomStream)? {
      if case .inRoom(let room, _) = phase { room } else { nil }
    }

    /// Whether so many bytes can be enqueued, or spliced in; false if the session is to end, `nil` if not now.
    func hasSpace(for count: Int, _ toSplice: Bool) -> Bool? {
      guard interruption == nil else { return false }
      let hasRoom = toSplice ? mailbox.hasRoomToSplice(count) : mailbox.hasRoom(for: count)
      return hasRoom ? true : nil
    }

    /// Enqueues lines after all that the room has said so far. The position is taken under the lock under which the
    /// subscriber decides how far to send, so it is never one that was passed already.
    mutating func enqueue(_ bytes: [UInt8]) -> Outbox.Enqueueing {
      if case .inRoom(let room, let entrance) = phase {
        return mailbox.enqueue(bytes, at: max(room.head, entrance))
      }
      return mailbox.enqueue(bytes, at: 0)
    }
  }

  private let state = Guarded(State())

  private let hasVersion1 = Atomic<Bool>(false)

  /// Takes over a connection.
  package init(transport: any Transport, address: Address, links: FileLinks? = nil) {
    self.transport = transport
    self.address = address
    self.links = links
  }

  /// Whether it said `[HELLO]`. Set before it joins, constant afterwards.
  package var speaksVersion1: Bool {
    get { hasVersion1.load(ordering: .relaxed) }
    set { hasVersion1.store(newValue, ordering: .relaxed) }
  }

  /// The stream that it is sent; `nil` before its first room, between two, and at the end.
  var stream: (any RoomStream)? { state.withLock { $0.room } }

  // MARK: Its mailbox

  /// Enqueues lines after all that its room has said so far; between two rooms, where the next begins.
  package func enqueue(_ bytes: [UInt8]) -> Outbox.Enqueueing {
    let (result, room) = state.withLock { ($0.enqueue(bytes), $0.room) }
    if result == .queued { room?.wakeBroadcaster() }
    return result
  }

  /// Enqueues lines that may be lost: one that reads too slowly, or has left, does without.
  func enqueueIfPossible(_ bytes: [UInt8]) {
    switch enqueue(bytes) {
    case .queued, .full, .absent: break
    }
  }

  /// Enqueues lines at a position that no reader has reached yet. The room wakes its broadcaster itself.
  ///
  /// Thread: the one that holds the log's lock and appends there.
  func enqueue(_ bytes: [UInt8], at position: UInt64) -> Outbox.Enqueueing {
    state.withLock { $0.mailbox.enqueue(bytes, at: position) }
  }

  /// Waits until so many bytes can be enqueued, or spliced in.
  ///
  /// - Returns: false if the session is to end: because the peer does not read, among other reasons.
  package func waitForSpace(for count: Int, toSplice: Bool = false) -> Bool {
    state.wait { $0.hasSpace(for: count, toSplice) }
  }

  /// The same, until a moment has come.
  ///
  /// - Returns: `nil` if the time was over before.
  func waitForSpace(for count: Int, toSplice: Bool, until deadline: MonotonicTime) -> Bool? {
    state.wait(until: deadline) { $0.hasSpace(for: count, toSplice) }
  }

  // MARK: A long answer

  /// Pauses the room's stream at a position that no reader has reached yet, until `resumeLog`.
  package func pauseLog(at position: UInt64) {
    state.withLock { $0.mailbox.pause(at: position) }
  }

  /// Splices lines in where the stream is paused.
  ///
  /// - Parameter isWhole: whether another line may follow: not before the end of a file.
  package func splice(_ bytes: [UInt8], isWhole: Bool = true) -> Outbox.Enqueueing {
    let (result, room) = state.withLock { ($0.mailbox.splice(bytes, isWhole: isWhole), $0.room) }
    if result == .queued { room?.wakeBroadcaster() }
    return result
  }

  /// Lets the room's stream go on.
  package func resumeLog() {
    let room = state.withLock {
      $0.mailbox.resume()
      return $0.room
    }
    room?.wakeBroadcaster()
  }

  // MARK: Rooms

  /// It is sent a room's stream; at `position` a greeting, then what was enqueued since its last room.
  ///
  /// Thread: its session's, while it appends to the room's log.
  package func enter(_ room: any RoomStream, at position: UInt64, greeting: [UInt8]) {
    state.withLock {
      $0.phase = .inRoom(room, entrance: position)
      $0.isReleased = false
      $0.mailbox.begin(greeting, at: position)
    }
  }

  /// It is sent its room's stream up to a position, and may enter another then.
  ///
  /// Thread: its session's, while it appends to the room's log.
  package func leaveRoom(at position: UInt64) {
    state.withLock {
      $0.phase = .moving
      $0.mailbox.move(at: position)
    }
  }

  /// It is sent its room's stream up to a position, then these lines, and nothing after.
  package func finish(_ bytes: [UInt8], at position: UInt64) {
    state.withLock {
      if case .inRoom = $0.phase { $0.phase = .leaving }
      $0.mailbox.finish(bytes, at: position)
    }
  }

  /// It leaves on its way to another room: it is sent what was enqueued meanwhile, then these lines.
  ///
  /// - Returns: `nil` if its old room sends them. If that has sent it everything already, the caller has to send what
  ///   is returned.
  package func finishMoving(_ bytes: [UInt8]) -> [UInt8]? {
    state.withLock {
      if case .ended = $0.phase { return $0.mailbox.close() + bytes }
      $0.phase = .leaving
      $0.mailbox.finish(bytes, at: 0)
      return nil
    }
  }

  /// It leaves, and is in no room.
  ///
  /// - Returns: what was enqueued since the last one, which the caller has to send.
  package func finishOutside() -> [UInt8] { state.withLock { $0.mailbox.close() } }

  // MARK: For its subscriber

  /// What to send next.
  ///
  /// Thread: the subscriber's.
  package func nextPiece(cursor: UInt64, head: UInt64) -> Outbox.Piece {
    state.withLock {
      let piece = $0.mailbox.next(cursor: cursor, head: head)
      if piece == .end { $0.phase = .ended }
      return piece
    }
  }

  /// So many bytes from its mailbox were sent.
  ///
  /// Thread: the subscriber's.
  package func noteSent(_ count: Int) {
    state.withLock { $0.mailbox.sent(count) }
    state.wake()
  }

  /// It is sent no more than the rest of a line half sent, what waits in its mailbox, and these lines; in the middle of a
  /// file nothing, and its connection ends.
  ///
  /// Thread: the subscriber's.
  package func cut(_ bytes: [UInt8], rest: [UInt8]) {
    let isMidFile = state.withLock { state in
      defer { state.mailbox.cut(bytes, rest: rest) }
      return state.mailbox.isMidFile
    }
    if isMidFile { transport.shutdownBoth() }
  }

  /// Its subscriber has ended, and uses the transport no more.
  ///
  /// Thread: the subscriber's.
  package func release() {
    state.withLock { $0.isReleased = true }
    state.wake()
  }

  /// Waits for `release`, as long as it takes.
  ///
  /// - Returns: false if the session is to end before; because the peer does not read, among other reasons.
  package func waitUntilReleased() -> Bool {
    state.wait {
      if $0.isReleased { return true }
      return $0.interruption == nil ? nil : false
    }
  }

  /// Waits for `release`.
  ///
  /// - Returns: false if the time was over before.
  package func waitUntilReleased(until deadline: MonotonicTime) -> Bool {
    state.wait(until: deadline) { $0.isReleased ? true : nil } ?? false
  }

  // MARK: The end

  /// Has the session end, for this reason if it has none yet.
  package func interrupt(_ reason: CloseReason) {
    state.withLock { $0.interruption = $0.interruption ?? reason }
    state.wake()
    transport.shutdownReading()
  }

  /// Its connection is broken, in the middle of a line perhaps: nothing can be sent any more, and its session ends.
  package func fail(_ reason: CloseReason) {
    transport.shutdownBoth()
    state.withLock {
      // What was enqueued on its way to another room is lost with the connection.
      _ = $0.mailbox.close()
      $0.interruption = $0.interruption ?? reason
    }
    state.wake()
  }

  /// Why the session is to end, if it is.
  package var interruptionReason: CloseReason? { state.withLock { $0.interruption } }

  /// Waits for a time, less if the session is to end, or the connection is broken.
  package func wait(for duration: Duration) {
    let deadline = MonotonicTime.now + duration
    while MonotonicTime.now < deadline, interruptionReason == nil {
      // Nothing is sent meanwhile: so nothing else would notice.
      guard !transport.isBroken else { return interrupt(.connectionLost) }
      let next = min(deadline, .now + Self.breakCheckInterval)
      _ = state.wait(until: next) { $0.interruption }
    }
  }
}
