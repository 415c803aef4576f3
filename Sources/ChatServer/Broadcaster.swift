internal import ChatCore
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Sends a room's log to everyone in it: on a serial Dispatch queue, never blocking.
///
/// A pass goes over the members and gives each socket everything between its cursor and the head in
/// one `send`, what is the member's own merged in. While a pass runs, the log grows; so a busy room
/// batches by itself, and an idle one is served at once. A socket that is full is left alone until
/// it is writable again.
///
/// Thread: `wake`, `drop` and `cut` are for any; the rest happens on the queue.
final class Broadcaster: @unchecked Sendable {
  // Sound: what changes belongs to the queue, but for the atomic flag.

  /// The most one send offers: a socket takes no more at once, and others wait meanwhile.
  private static let sliceBytes: UInt64 = 262_144

  private let log: RoomLog
  private let queue = DispatchQueue(label: "broadcast", qos: .userInteractive)

  /// A pass is on its way. Cleared before the pass looks at the log, so nothing appended is missed.
  private let isScheduled = Atomic<Bool>(false)

  // The queue's.
  private var members: [Peer] = []
  private var blocked: [CInt: Peer] = [:]
  private var watch: WritabilityWatch
  private var source: (any DispatchSourceRead)?

  /// Makes a broadcaster of a log that has no reader yet.
  ///
  /// - Throws: `SystemError` if the system has no descriptor left.
  init(log: RoomLog) throws(SystemError) {
    self.log = log
    watch = try WritabilityWatch()
    let source = DispatchSource.makeReadSource(fileDescriptor: watch.number, queue: queue)
    // The broadcaster lives as long as its server, and so as long as the process.
    source.setEventHandler { self.serveWritable() }
    source.activate()
    self.source = source
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

  /// Lets go of a member that does not read; it is told why, if it reads again soon.
  func cut(_ peer: Peer) {
    queue.async {
      self.cutOff(peer)
      self.wake()
    }
  }

  // MARK: On the queue

  private func pass() {
    // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
    _ = isScheduled.exchange(false, ordering: .acquiringAndReleasing)
    var index = 0
    while index < members.count {
      let peer = members[index]
      // A member that goes leaves its place to the last one, whose turn it is then.
      if deliver(to: peer) { index += 1 }
    }
    settle()
    if log.isWaitedFor { cutStalled() }
  }

  private func serveWritable() {
    do {
      // A batch at a time: whoever is not blocked is served between two of them.
      for socket in try watch.ready() {
        guard let peer = blocked.removeValue(forKey: socket) else { continue }
        peer.isBlocked = false
        _ = deliver(to: peer)
      }
    } catch {
      // epoll_wait(2) fails only for a descriptor that is none: a bug of ours.
      preconditionFailure("\(error)")
    }
    if log.isWaitedFor { settle() }
  }

  /// Says how far everyone has been served, and admits whoever came in since.
  private func settle() {
    var lowest = UInt64.max
    for peer in members where !peer.isCut { lowest = min(lowest, peer.cursor) }
    for newcomer in log.settle(lowest: lowest) {
      newcomer.memberIndex = members.count
      members.append(newcomer)
      _ = deliver(to: newcomer)
    }
  }

  /// Sends a member all it is owed, as far as its socket takes it.
  ///
  /// - Returns: whether it still is a member.
  private func deliver(to peer: Peer) -> Bool {
    guard !peer.isBlocked else { return true }
    // One look at the head for the whole call: a busy room would keep it here for ever.
    let head = log.head
    do {
      while true {
        switch peer.nextPiece(head: head) {
        case .log(let limit):
          let slice = log[peer.cursor..<min(limit, peer.cursor + Self.sliceBytes)]
          let sent = try peer.stream.send(slice) ?? 0
          if sent > 0 {
            peer.cursor += UInt64(sent)
            peer.isMidLine = slice[sent - 1] != UInt8(ascii: "\n")
          }
          guard sent == slice.count else { return try block(peer) }
        case .own(let bytes, let offset):
          let sent = try bytes.withUnsafeBytes {
            try peer.stream.send(UnsafeRawBufferPointer(rebasing: $0[offset...])) ?? 0
          }
          if sent > 0 { peer.sentOwn(sent) }
          guard sent == bytes.count - offset else { return try block(peer) }
        case .nothing:
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

  /// Leaves a member alone until its socket takes bytes again.
  private func block(_ peer: Peer) throws(SystemError) -> Bool {
    try watch.ask(about: peer.stream.number, isKnown: peer.isWatched)
    peer.isWatched = true
    peer.isBlocked = true
    blocked[peer.stream.number] = peer
    return true
  }

  private func cutStalled() {
    let now = MonotonicTime.now
    for peer in members where !peer.isCut {
      if !log.isHeldBack(by: peer.cursor) {
        peer.stallClock.reset()
      } else if peer.stallClock.hasStopped(at: peer.deliveredPosition, now: now) {
        cutOff(peer)
      }
    }
    settle()
  }

  private func cutOff(_ peer: Peer) {
    guard isMember(peer), !peer.isCut else { return }
    peer.cut(CloseReason.slowConsumer.lastLine?.encoded() ?? [], rest: restOfLine(of: peer))
    peer.isCut = true
    peer.interrupt(.slowConsumer)
  }

  /// The bytes from a member's cursor through the end of the line that was sent in part.
  private func restOfLine(of peer: Peer) -> [UInt8] {
    guard peer.isMidLine else { return [] }
    let limit = min(log.head, peer.cursor + UInt64(Limits.serverLineBytes))
    let bytes = log[peer.cursor..<limit]
    let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
    return Array(bytes[...end])
  }

  private func fail(_ peer: Peer) {
    guard isMember(peer) else { return }
    remove(peer)
    peer.stream.shutdownBoth()
    peer.interrupt(.connectionLost)
    peer.markFlushed()
  }

  private func isMember(_ peer: Peer) -> Bool {
    peer.memberIndex < members.count && members[peer.memberIndex] === peer
  }

  private func remove(_ peer: Peer) {
    if peer.isWatched {
      blocked[peer.stream.number] = nil
      watch.forget(peer.stream.number)
    }
    let last = members.removeLast()
    guard last !== peer else { return }
    members[peer.memberIndex] = last
    last.memberIndex = peer.memberIndex
  }
}
