internal import ChatSystem

/// Every connection that has a thread, in a room or not.
///
/// Thread: any.
final class Connections: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private let lock = Lock()
  private let changed = Condition()
  private var limit: Int
  private let configuredLimit: Int
  /// By number, which grows: the lowest is the oldest.
  private var peers: [UInt64: Peer] = [:]
  private var nextNumber: UInt64 = 0
  /// Once set, whoever still comes in is interrupted too.
  private var interruption: CloseReason?

  /// Makes an empty set that takes so many.
  init(limit: Int) {
    self.limit = limit
    configuredLimit = limit
  }

  /// Takes in a connection.
  ///
  /// - Returns: its number, to remove it by; `nil` if there are as many as there may be.
  func add(_ peer: Peer) -> UInt64? {
    lock.withLock {
      guard peers.count < limit else { return nil }
      nextNumber += 1
      peers[nextNumber] = peer
      if let interruption { peer.interrupt(interruption) }
      return nextNumber
    }
  }

  /// The system has no thread for one more: takes fewer until half of them have gone, and has the
  /// newest end, so that the threads the server itself needs (Dispatch comes and goes with them)
  /// can be had.
  func makeReserve() {
    let newest = lock.withLock {
      limit = max(1, peers.count - min(16, max(8, peers.count / 8)))
      return peers.sorted { $0.key < $1.key }.dropFirst(limit).map(\.value)
    }
    for peer in newest { peer.interrupt(.serverFull) }
  }

  /// A connection is gone.
  ///
  /// - Returns: how many are left.
  func remove(_ number: UInt64) -> Int {
    lock.withLock {
      peers[number] = nil
      if peers.count <= limit / 2 { limit = configuredLimit }
      if peers.isEmpty { changed.broadcast() }
      return peers.count
    }
  }

  /// Has all sessions end.
  func interruptAll(_ reason: CloseReason) {
    let all = lock.withLock {
      interruption = reason
      return Array(peers.values)
    }
    for peer in all { peer.interrupt(reason) }
  }

  /// Tells everyone who is in a room, or between two; whoever does not read is not told.
  func tellAll(_ line: [UInt8]) {
    let all = lock.withLock { Array(peers.values) }
    for peer in all { peer.enqueueIfPossible(line) }
  }

  /// Waits until all are gone.
  ///
  /// - Returns: false if the time was over before.
  func waitUntilNone(until deadline: MonotonicTime) -> Bool {
    lock.withLock {
      while !peers.isEmpty {
        guard changed.wait(lock, until: deadline) else { return false }
      }
      return true
    }
  }
}
