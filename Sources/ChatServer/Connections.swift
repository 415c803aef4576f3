internal import ChatSystem

/// Every connection that has a thread, in a room or not.
///
/// Thread: any.
final class Connections: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private let limit: Int
  private let lock = Lock()
  private let changed = Condition()
  private var peers: [ObjectIdentifier: Peer] = [:]
  /// Once set, whoever still comes in is interrupted too.
  private var interruption: CloseReason?

  /// Makes an empty set that takes so many.
  init(limit: Int) { self.limit = limit }

  /// Takes in a connection.
  ///
  /// - Returns: false if there are as many as there may be.
  func add(_ peer: Peer) -> Bool {
    lock.withLock {
      guard peers.count < limit else { return false }
      peers[ObjectIdentifier(peer)] = peer
      if let interruption { peer.interrupt(interruption) }
      return true
    }
  }

  /// A connection is gone.
  ///
  /// - Returns: how many are left.
  func remove(_ peer: Peer) -> Int {
    lock.withLock {
      peers[ObjectIdentifier(peer)] = nil
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
