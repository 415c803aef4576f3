internal import ChatCore
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Sends a room's log to all its subscribers: on a serial Dispatch queue, never blocking.
///
/// A pass goes over the members and gives each transport everything between its cursor and what is published in one
/// `send`, what waits in its mailbox merged in. While a pass runs, the log grows; so a busy room batches by itself, and
/// an idle one is served at once. A subscriber whose transport is full is left alone until it is writable again.
///
/// Subscribers are *attached*: the ring keeps what they have not been sent, and appenders wait for them. Where there is
/// a history, one that holds the others back is detached: it reads on from the history, at its own pace, until it has
/// caught up.
///
/// Thread: any calls `wake` and `drop`; the rest is confined to `queue`.
package final class Broadcaster: @unchecked Sendable {
  // Safety: what changes is confined to `queue`, but for the atomic flag.

  /// From so many members on, two threads serve them if no more than so much is new.
  private static let fanOutMembers = 32
  private static let fanOutBytes: UInt64 = 1_024
  /// So many members are served at a time by each of the two.
  private static let fanOutStep = 4
  /// How long it waits when the system has no descriptor left.
  private static let shortagePause: DispatchTimeInterval = .milliseconds(100)
  /// How often blocked members are looked at.
  private static let stallCheckInterval: DispatchTimeInterval = .seconds(1)

  let log: RoomLog
  private let history: (any Backlog)?
  private let slowReaders: SlowReaders
  private let metrics: Metrics
  // Not a thread for each busy room: no pass ever blocks.
  private let queue = DispatchQueue(
    label: "broadcast", target: .global(qos: .userInteractive))

  /// A pass is scheduled. Cleared before the pass reads the head, so nothing appended is missed.
  private let isScheduled = Atomic<Bool>(false)

  // Confined to `queue`.
  private var members: [Subscriber] = []
  /// Before this, the ring may be overwritten at any time.
  private var tail: UInt64
  /// By the descriptor that is watched.
  private var blocked: [CInt: Subscriber] = [:]
  /// What was published when the last pass began.
  private var lastPublished: UInt64
  private var isCheckingStalls = false
  private var writability: Writability?
  /// What members were sent since it was counted last.
  private var delivered = Subscriber.Delivered()

  /// Makes a broadcaster of a log that has no reader yet.
  ///
  /// - Parameters:
  ///   - history: where detached members read on; `nil` if nothing is kept.
  ///   - readerTimeout: how long a member may take nothing of what waits for it.
  package init(
    log: RoomLog, history: (any Backlog)?, readerTimeout: Duration, metrics: Metrics = Metrics()
  ) {
    self.log = log
    self.history = history
    self.metrics = metrics
    slowReaders = SlowReaders(readerTimeout: readerTimeout)
    tail = log.head
    lastPublished = tail
  }

  /// Has all members sent what is new.
  package func wake() {
    let wasScheduled = isScheduled.exchange(true, ordering: .acquiringAndReleasing)
    if !wasScheduled { queue.async { self.pass() } }
  }

  /// Ends a connection at once, whatever waits for it.
  package func drop(_ peer: Peer) {
    queue.async {
      if let member = self.members.first(where: { $0.peer === peer }) {
        self.fail(member)
      } else {
        // One that was not admitted yet is ended then, since nothing can be sent to it.
        peer.fail(.connectionLost)
      }
    }
  }

  // MARK: A pass

  private func pass() {
    // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
    _ = isScheduled.exchange(false, ordering: .acquiringAndReleasing)
    let published = log.published
    let oldestAppend = published > lastPublished ? log.takeOldestAppend() : nil
    if members.count >= Self.fanOutMembers, published > lastPublished,
      published - lastPublished <= Self.fanOutBytes
    {
      fanOut(upTo: published)
    }
    lastPublished = published
    var index = 0
    while index < members.count {
      // A member that goes leaves its place to the last one, whose turn it is then.
      if deliver(to: members[index]) { index += 1 }
    }
    if let oldestAppend { note(passOf: oldestAppend) }
    advanceTail()
    if log.hasWaitingAppenders { judgeSlowReaders() }
    countDelivered()
  }

  /// All who take it have been sent what was said from this moment on.
  private func note(passOf oldestAppend: MonotonicTime) {
    let nanoseconds = MonotonicTime.now.nanoseconds - oldestAppend.nanoseconds
    metrics.lineLatency.observe(nanoseconds: nanoseconds)
    metrics.passes.add()
  }

  /// Once for a pass, not for each member: what is counted is shared with other rooms.
  private func countDelivered() {
    guard delivered.bytes > 0 || delivered.lines > 0 else { return }
    metrics.bytesDelivered.add(delivered.bytes)
    metrics.linesDelivered.add(delivered.lines)
    delivered = Subscriber.Delivered()
  }

  /// Sends what is new to all who need nothing else, on two threads: where little is said, half the time until the last
  /// has it is worth more than the second thread costs.
  private func fanOut(upTo published: UInt64) {
    let next = Atomic<Int>(0)
    let (members, log, tail) = (members, log, tail)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      while true {
        let start = next.wrappingAdd(Self.fanOutStep, ordering: .relaxed).oldValue
        guard start < members.count else { return }
        for member in members[start..<min(members.count, start + Self.fanOutStep)] {
          member.sendNew(log, from: tail, upTo: published)
        }
      }
    }
  }

  /// Frees what all have been sent, and admits the subscribers that have joined since.
  private func advanceTail() {
    var lowest = UInt64.max
    for member in members where member.attachment == .attached {
      lowest = min(lowest, member.cursor)
    }
    let (newcomers, tail) = log.advanceTail(lowest: lowest)
    self.tail = tail
    for newcomer in newcomers {
      newcomer.memberIndex = members.count
      members.append(newcomer)
      _ = deliver(to: newcomer)
    }
  }

  // MARK: One member

  /// Sends a member what there is, as far as its transport accepts it.
  ///
  /// - Returns: whether it still is a member.
  private func deliver(to member: Subscriber) -> Bool {
    guard member.activity == .ready else { return true }
    // One look at the head for the whole call: a busy room would keep it here for ever.
    let published = log.published
    let sequence = log.sequence
    defer { member.count(in: &delivered, upTo: published, sequence) }
    do throws(SystemError) {
      switch try member.deliver(log, from: tail, upTo: published) {
      case .upToDate, .paused: break
      case .blocked(let readiness): try block(member, on: readiness)
      case .needsHistory: fetch(for: member)
      case .hasMore: wake()
      case .ended:
        remove(member)
        member.peer.release()
        return false
      }
      return true
    } catch {
      fail(member)
      return false
    }
  }

  /// Leaves a member alone until its transport is ready.
  private func block(_ member: Subscriber, on readiness: Readiness) throws(SystemError) {
    if writability == nil {
      // Where the system has no descriptor left, it is tried again a little later.
      writability = try? Writability(queue) { [weak self] in self?.serveReady() }
      guard writability != nil else {
        queue.asyncAfter(deadline: .now() + Self.shortagePause) { [weak self] in self?.wake() }
        return
      }
    }
    let number = member.peer.transport.number
    try writability?.ask(about: number, for: readiness, isKnown: member.isWatched)
    member.isWatched = true
    member.activity = .blocked(on: readiness)
    blocked[number] = member
    checkStallsSoon()
  }

  private func serveReady() {
    do {
      // A batch at a time: members that are not blocked are served between two of them.
      for number in try writability?.ready() ?? [] {
        guard let member = blocked.removeValue(forKey: number) else { continue }
        do throws(SystemError) {
          if let readiness = try member.flush() {
            try block(member, on: readiness)
          } else {
            _ = deliver(to: member)
          }
        } catch {
          fail(member)
        }
      }
    } catch {
      // epoll_wait(2) fails only for one that is not a descriptor: a bug of ours.
      preconditionFailure("\(error)")
    }
    if log.hasWaitingAppenders { advanceTail() }
    countDelivered()
  }

  /// Has the history read for a member, from its cursor on.
  private func fetch(for member: Subscriber) {
    member.backlog = nil
    guard let history else { return cutOff(member) }
    member.activity = .fetching
    let position = member.cursor
    history.read(from: position) { bytes in
      self.queue.async {
        guard self.isMember(member), member.activity == .fetching else { return }
        member.activity = .ready
        if let bytes, !bytes.isEmpty {
          member.backlog = (position, bytes)
        } else {
          // What it was to read next was not kept.
          self.cutOff(member)
        }
        _ = self.deliver(to: member)
      }
    }
  }

  // MARK: Slow readers

  /// An appender waits: detaches or cuts off the members that keep the ring from being freed.
  private func judgeSlowReaders() {
    let now = MonotonicTime.now
    let attached = members.filter { $0.attachment == .attached }
    let standing = SlowReaders.Standing(
      attached: attached.count, near: attached.count { log.isNearHead($0.cursor) },
      canReadOn: history?.canReadOn == true)
    for member in attached {
      let verdict = slowReaders.verdict(
        of: &member.pace, isNear: log.isNearHead(member.cursor),
        deliveredBytes: member.deliveredBytes, in: standing, now: now)
      switch verdict {
      case .stays: break
      case .detached:
        member.attachment = .detached
        metrics.slowReadersDetached.add()
      case .cutOff: cutOff(member)
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
    for member in blocked.values where member.attachment != .cut {
      let delivered = member.deliveredBytes
      if slowReaders.isSilent(&member.pace, deliveredBytes: delivered, now: now) { cutOff(member) }
    }
    if !blocked.isEmpty { checkStallsSoon() }
  }

  private func cutOff(_ member: Subscriber) {
    guard isMember(member), member.attachment != .cut else { return }
    metrics.slowReadersCut.add()
    member.cut(CloseReason.slowConsumer.lastLine?.encoded() ?? [], log, from: tail)
    member.peer.interrupt(.slowConsumer)
  }

  // MARK: Going

  private func fail(_ member: Subscriber) {
    guard isMember(member) else { return }
    remove(member)
    member.peer.fail(.connectionLost)
    member.peer.release()
  }

  private func isMember(_ subscriber: Subscriber) -> Bool { subscriber.memberIndex != nil }

  private func remove(_ member: Subscriber) {
    guard let index = member.memberIndex else { return }
    let number = member.peer.transport.number
    if member.isWatched {
      blocked[number] = nil
      writability?.forget(number)
      member.isWatched = false
    }
    member.backlog = nil
    member.memberIndex = nil
    let last = members.removeLast()
    // The space of thousands is given back.
    if members.isEmpty { members = [] }
    guard last !== member else { return }
    members[index] = last
    last.memberIndex = index
  }
}
