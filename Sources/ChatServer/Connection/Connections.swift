internal import ChatSystem

/// Every connection that has a thread, in a room or not.
///
/// Thread: any. Its lock may be held while a peer's is taken.
final class Connections: Sendable {
  private struct State {
    var limit: Int
    /// By number, which grows: the lowest is the oldest.
    var peers: [UInt64: Peer] = [:]
    var nextNumber: UInt64 = 0
    /// Once set, a connection that is added is interrupted too.
    var interruption: CloseReason?
  }

  private let state: Guarded<State>
  private let configuredLimit: Int

  /// Makes an empty set.
  ///
  /// - Parameter limit: how many connections there may be.
  init(limit: Int) {
    state = Guarded(State(limit: limit))
    configuredLimit = limit
  }

  /// Adds a connection.
  ///
  /// - Returns: its number, to remove it by; `nil` if there are as many as there may be.
  func add(_ peer: Peer) -> UInt64? {
    state.withLock {
      guard $0.peers.count < $0.limit else { return nil }
      $0.nextNumber += 1
      $0.peers[$0.nextNumber] = peer
      if let interruption = $0.interruption { peer.interrupt(interruption) }
      return $0.nextNumber
    }
  }

  /// The system has no thread for one more: admits fewer until half of them have gone, and has the newest end, so that
  /// the threads the server itself needs (Dispatch starts and ends them) can be had.
  func makeReserve() {
    let newest = state.withLock {
      $0.limit = max(1, $0.peers.count - min(16, max(8, $0.peers.count / 8)))
      return $0.peers.sorted { $0.key < $1.key }.dropFirst($0.limit).map(\.value)
    }
    for peer in newest { peer.interrupt(.serverFull) }
  }

  /// Removes a connection.
  ///
  /// - Returns: how many are left.
  func remove(_ number: UInt64) -> Int {
    let left = state.withLock {
      $0.peers[number] = nil
      // The space of thousands is given back.
      if $0.peers.isEmpty { $0.peers = [:] }
      if $0.peers.count <= $0.limit / 2 { $0.limit = configuredLimit }
      return $0.peers.count
    }
    if left == 0 { state.wake() }
    return left
  }

  /// Has all sessions end.
  func interruptAll(_ reason: CloseReason) {
    let all = state.withLock {
      $0.interruption = reason
      return Array($0.peers.values)
    }
    for peer in all { peer.interrupt(reason) }
  }

  /// Enqueues a line for all that are in a room, or between two; a client that does not read is not sent it.
  func enqueueForAll(_ line: [UInt8]) {
    let all = state.withLock { Array($0.peers.values) }
    for peer in all { peer.enqueueIfPossible(line) }
  }

  /// Waits until all are gone.
  ///
  /// - Returns: false if the time was over before.
  func waitUntilNone(until deadline: MonotonicTime) -> Bool {
    state.wait(until: deadline) { $0.peers.isEmpty ? true : nil } ?? false
  }
}
