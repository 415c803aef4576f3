internal import ChatCore
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Sends a room's log to everyone in it: on a serial Dispatch queue, never blocking.
///
/// A pass goes over the members and gives each socket everything between its cursor and what is published in
/// one `send`, what is the member's own merged in. While a pass runs, the log grows; so a busy room
/// batches by itself, and an idle one is served at once. A socket that is full is left alone until
/// it is writable again.
///
/// Members are *attached*: the ring keeps what they have not been sent, and whoever says something waits
/// for them. Where there is a history, one that holds the others back is detached: it reads on from
/// the history, at its own pace, until it has caught up.
///
/// Thread: `wake`, `drop` and `cut` are for any; the rest happens on the queue.
final class Broadcaster: @unchecked Sendable {
  // Sound: what changes belongs to the queue, but for the atomic flag.

  /// The most one send offers: a socket takes no more at once, and others wait meanwhile.
  private static let sliceBytes: UInt64 = 262_144
  /// So many members are served by two threads if no more than so much is new.
  private static let sharedMembers = 32
  private static let quietBytes: UInt64 = 1_024
  /// How long a member may hold the others back before it is detached: where most are ahead of it, and
  /// where some are.
  private static let shortPatience: Duration = .milliseconds(100)
  private static let longPatience: Duration = .seconds(1)
  /// A member that holds the others back has stopped if it takes less than so much in so long a time.
  private static let stopPatience: Duration = .seconds(2)
  private static let progressBytes: UInt64 = 65_536
  /// How long it waits when the system has no descriptor left.
  private static let shortagePause: DispatchTimeInterval = .milliseconds(100)
  /// How often it is looked whether blocked members have stopped reading.
  private static let stallCheckInterval: DispatchTimeInterval = .seconds(1)

  let log: RoomLog
  private let history: RoomHistory?
  private let readerTimeout: Duration
  // Not a thread for each busy room: no pass ever blocks.
  private let queue = DispatchQueue(
    label: "broadcast", target: .global(qos: .userInteractive))

  /// A pass is on its way. Cleared before the pass looks at the log, so nothing appended is missed.
  private let isScheduled = Atomic<Bool>(false)

  // The queue's. What is not private is shared with `BroadcasterShare.swift`.
  private(set) var members: [Peer] = []
  /// Before this, the ring may be overwritten at any time.
  private(set) var tail: UInt64
  private var blocked: [CInt: Peer] = [:]
  /// What was published when the last pass began.
  private var lastPublished: UInt64
  private var isCheckingStalls = false
  private var writability: Writability?

  /// Makes a broadcaster of a log that has no reader yet.
  ///
  /// - Parameters:
  ///   - history: where those read on who hold the others back; `nil` if nothing is kept.
  ///   - readerTimeout: how long a member may take nothing of what it is owed.
  init(log: RoomLog, history: RoomHistory?, readerTimeout: Duration) {
    self.log = log
    self.history = history
    self.readerTimeout = readerTimeout
    tail = log.head
    lastPublished = tail
  }

  /// Has everyone sent what is new.
  func wake() {
    let wasScheduled = isScheduled.exchange(true, ordering: .acquiringAndReleasing)
    if !wasScheduled { queue.async { self.pass() } }
  }

  /// Lets go of a member at once, whatever it is owed.
  func drop(_ peer: Peer) {
    queue.async { self.fail(peer) }
  }

  /// The file sender gives a socket back.
  ///
  /// - Parameter count: how many bytes it has sent.
  func takeBack(_ peer: Peer, sent count: UInt64) {
    queue.async {
      peer.isLent = false
      peer.sentBytes += count
      if self.isMember(peer) { _ = self.deliver(to: peer) }
    }
  }

  // MARK: On the queue

  private func pass() {
    // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
    _ = isScheduled.exchange(false, ordering: .acquiringAndReleasing)
    let published = log.published
    if members.count >= Self.sharedMembers, published - lastPublished <= Self.quietBytes {
      fanOut(published)
    }
    lastPublished = published
    var index = 0
    while index < members.count {
      let peer = members[index]
      // A member that goes leaves its place to the last one, whose turn it is then.
      if deliver(to: peer) { index += 1 }
    }
    advanceTail()
    if log.hasWaitingAppenders { evictSlowReaders() }
  }

  private func serveWritable() {
    do {
      // A batch at a time: whoever is not blocked is served between two of them.
      for socket in try writability?.watch.ready() ?? [] {
        guard let peer = blocked.removeValue(forKey: socket) else { continue }
        peer.isBlocked = false
        _ = deliver(to: peer)
      }
    } catch {
      // epoll_wait(2) fails only for a descriptor that is none: a bug of ours.
      preconditionFailure("\(error)")
    }
    if log.hasWaitingAppenders { advanceTail() }
  }

  /// Says how far everyone has been served, and admits whoever came in since.
  private func advanceTail() {
    var lowest = UInt64.max
    for peer in members where peer.isAttached { lowest = min(lowest, peer.cursor) }
    let result = log.advanceTail(lowest: lowest)
    tail = result.tail
    for newcomer in result.newcomers {
      guard !newcomer.isDropped else {
        newcomer.markFlushed()
        continue
      }
      newcomer.isFetching = false
      newcomer.memberIndex = members.count
      newcomer.isAttached = true
      newcomer.holdClock.reset()
      members.append(newcomer)
      _ = deliver(to: newcomer)
    }
  }

  // MARK: Sending

  /// Sends a member all it is owed, as far as its socket takes it.
  ///
  /// - Returns: whether it still is a member.
  private func deliver(to peer: Peer) -> Bool {
    guard !peer.isBlocked, !peer.isFetching, !peer.isLent else { return true }
    // One look at the head for the whole call: a busy room would keep it here for ever. So would a client that
    // asks as fast as it is answered.
    let head = log.published
    var ownBytes = 0
    do {
      while true {
        switch peer.nextPiece(head: head) {
        case .log(let limit):
          guard try sendLog(to: peer, upTo: min(limit, peer.cursor + Self.sliceBytes)) else {
            return true
          }
        case .own(let bytes, let offset):
          let sent = try bytes.withUnsafeBytes {
            try peer.stream.send(UnsafeRawBufferPointer(rebasing: $0[offset...])) ?? 0
          }
          if sent > 0 {
            peer.sentBytes += UInt64(sent)
            peer.sentOwn(sent)
          }
          if sent < bytes.count - offset {
            try block(peer)
            return true
          }
          ownBytes += sent
          if ownBytes >= Self.sliceBytes {
            wake()
            return true
          }
        case .nothing:
          peer.isLent = peer.lend(SendingTurn(self, log, peer))
          return true
        case .paused:
          return true
        case .end:
          remove(peer)
          peer.markFlushed()
          return false
        }
      }
    } catch {
      fail(peer)
      return false
    }
  }

  /// Sends a member the log up to a position, or less: from the ring, or from the history if the ring no
  /// longer has it.
  ///
  /// - Returns: whether to go on; if not, the member is blocked, or waits for the history.
  private func sendLog(to peer: Peer, upTo limit: UInt64) throws(SystemError) -> Bool {
    guard peer.cursor < tail else {
      peer.past = nil
      if !peer.isAttached, !peer.isCut, log.isNearHead(peer.cursor) {
        peer.isAttached = true
        peer.holdClock.reset()
      }
      return try send(log[peer.cursor..<limit], to: peer)
    }
    if let past = peer.past, past.position <= peer.cursor {
      let start = Int(peer.cursor - past.position)
      let end = min(past.bytes.count, start + Int(limit - peer.cursor))
      if start < end {
        return try past.bytes.span.extracting(start..<end).withUnsafeBytes {
          bytes throws(SystemError) in try send(bytes, to: peer)
        }
      }
    }
    fetch(for: peer)
    return false
  }

  /// Sends bytes of the log.
  ///
  /// - Returns: whether the socket took all of them.
  private func send(
    _ slice: UnsafeRawBufferPointer, to peer: Peer
  ) throws(SystemError) -> Bool {
    let sent = try peer.stream.send(slice) ?? 0
    if sent > 0 {
      peer.cursor += UInt64(sent)
      peer.sentBytes += UInt64(sent)
      peer.isMidLine = slice[sent - 1] != UInt8(ascii: "\n")
    }
    if sent < slice.count { try block(peer) }
    return sent == slice.count
  }

  /// Has the history read for a member, from its cursor on.
  private func fetch(for peer: Peer) {
    peer.past = nil
    guard let history else { return cutOff(peer) }
    peer.isFetching = true
    let position = peer.cursor
    history.read(from: position) { bytes in
      self.queue.async {
        guard self.isMember(peer) else { return }
        peer.isFetching = false
        if let bytes, !bytes.isEmpty {
          peer.past = (position, bytes)
        } else if !peer.isCut {
          // What it was to read next could not be kept.
          self.cutOff(peer)
        }
        _ = self.deliver(to: peer)
      }
    }
  }

  /// Leaves a member alone until its socket takes bytes again.
  private func block(_ peer: Peer) throws(SystemError) {
    if writability == nil {
      // Where the system has no descriptor left, it is tried again a little later.
      writability = try? Writability(queue) { [weak self] in self?.serveWritable() }
      guard writability != nil else {
        queue.asyncAfter(deadline: .now() + Self.shortagePause) { [weak self] in self?.wake() }
        return
      }
    }
    try writability?.watch.ask(about: peer.stream.number, isKnown: peer.isWatched)
    peer.isWatched = true
    peer.isBlocked = true
    blocked[peer.stream.number] = peer
    checkStallsSoon()
  }

  // MARK: Who does not read

  /// Somebody waits for space in the ring: detaches whoever keeps it from being freed; where nothing is kept
  /// to come back to, whoever has stopped is cut off instead.
  private func evictSlowReaders() {
    let now = MonotonicTime.now
    let isKept = history?.isKept == true
    let attached = members.filter(\.isAttached)
    let ahead = attached.count { log.isNearHead($0.cursor) }
    // Where all are equally slow, the room is as fast as they are. The fewer are behind, the surer it is
    // that they are slower than the others.
    let patience = ahead * 2 >= attached.count ? Self.shortPatience : Self.longPatience
    for peer in attached {
      if log.isNearHead(peer.cursor) {
        peer.holdClock.reset()
        peer.progressClock.reset()
        continue
      }
      let held = peer.holdClock.heldFor(now: now)
      let stopped =
        peer.progressClock.stalledFor(
          at: peer.deliveredBytes, step: Self.progressBytes, now: now) >= Self.stopPatience
      if isKept {
        if stopped || (ahead > 0 && held >= patience) { peer.isAttached = false }
      } else if stopped {
        cutOff(peer)
      }
    }
    advanceTail()
  }

  /// Looks at the blocked members from time to time, as long as there are any.
  private func checkStallsSoon() {
    guard !isCheckingStalls else { return }
    isCheckingStalls = true
    queue.asyncAfter(deadline: .now() + Self.stallCheckInterval) { [weak self] in
      self?.checkStalls()
    }
  }

  private func checkStalls() {
    isCheckingStalls = false
    let now = MonotonicTime.now
    for peer in blocked.values where !peer.isCut {
      let silence = peer.silenceClock.stalledFor(at: peer.deliveredBytes, step: 1, now: now)
      if silence >= readerTimeout { cutOff(peer) }
    }
    if !blocked.isEmpty { checkStallsSoon() }
  }

  private func cutOff(_ peer: Peer) {
    guard isMember(peer), !peer.isCut else { return }
    peer.cut(CloseReason.slowConsumer.lastLine?.encoded() ?? [], rest: restOfLine(of: peer))
    peer.isCut = true
    peer.isAttached = false
    peer.interrupt(.slowConsumer)
  }

  /// The bytes from a member's cursor through the end of the line that was sent in part.
  private func restOfLine(of peer: Peer) -> [UInt8] {
    guard peer.isMidLine else { return [] }
    let lineFeed = UInt8(ascii: "\n")
    var bytes: ArraySlice<UInt8> = []
    if peer.cursor >= tail {
      let limit = min(log.published, peer.cursor + UInt64(Limits.serverLineBytes))
      bytes = ArraySlice(log[peer.cursor..<limit])
    } else if let past = peer.past, past.position <= peer.cursor {
      bytes = past.bytes.dropFirst(Int(peer.cursor - past.position))
    }
    // Where the rest is not at hand, the line ends here.
    guard let end = bytes.firstIndex(of: lineFeed) else { return [lineFeed] }
    return Array(bytes[...end])
  }

  private func fail(_ peer: Peer) {
    guard isMember(peer) else {
      peer.isDropped = true
      return
    }
    remove(peer)
    peer.fail(.connectionLost)
    peer.markFlushed()
  }

  private func isMember(_ peer: Peer) -> Bool {
    peer.memberIndex < members.count && members[peer.memberIndex] === peer
  }

  private func remove(_ peer: Peer) {
    if peer.isWatched {
      blocked[peer.stream.number] = nil
      writability?.watch.forget(peer.stream.number)
      peer.isWatched = false
    }
    peer.past = nil
    let last = members.removeLast()
    guard last !== peer else { return }
    members[peer.memberIndex] = last
    last.memberIndex = peer.memberIndex
  }
}
