internal import ChatSystem

/// Every connection that has a thread, whatever it speaks.
///
/// Thread: any. Its lock may be held while a connection's is taken, and then a peer's.
final class Connections: Sendable {
  /// Why a connection can't be added.
  enum Refusal: Error {
    /// There are as many as there may be.
    case full
    /// Its address has as many as one may have.
    case fullForAddress
  }

  private struct State {
    var limit: Int
    /// By number, which grows: the lowest is the oldest.
    var all: [UInt64: Connection] = [:]
    /// How many each address has, but for this machine's own.
    var counts: [AddressBlock: Int] = [:]
    var nextNumber: UInt64 = 0
    /// Once set, a connection that is added is interrupted too.
    var interruption: CloseReason?
  }

  private let state: Guarded<State>
  private let configuredLimit: Int
  private let addressLimit: Int

  /// Makes an empty set.
  ///
  /// - Parameters:
  ///   - limit: how many connections there may be.
  ///   - addressLimit: how many of them one address may have; this machine's own may have any number.
  init(limit: Int, addressLimit: Int) {
    state = Guarded(State(limit: limit))
    configuredLimit = limit
    self.addressLimit = addressLimit
  }

  /// Adds a connection.
  ///
  /// - Returns: its number, to remove it by.
  func add(_ connection: Connection) throws(Refusal) -> UInt64 {
    let isCounted = !connection.address.isLoopback
    return try state.withLock { state throws(Refusal) in
      guard state.all.count < state.limit else { throw .full }
      if isCounted {
        let count = state.counts[connection.block, default: 0]
        guard count < addressLimit else { throw .fullForAddress }
        state.counts[connection.block] = count + 1
      }
      state.nextNumber += 1
      state.all[state.nextNumber] = connection
      if let interruption = state.interruption { connection.interrupt(interruption) }
      return state.nextNumber
    }
  }

  /// The system has no thread for one more: admits fewer until half of them have gone, and has the newest end, so that
  /// the threads the server itself needs (Dispatch starts and ends them) can be had.
  func makeReserve() {
    let newest = state.withLock {
      $0.limit = max(1, $0.all.count - min(16, max(8, $0.all.count / 8)))
      return $0.all.sorted { $0.key < $1.key }.dropFirst($0.limit).map(\.value)
    }
    for connection in newest { connection.interrupt(.serverFull) }
  }

  /// Removes a connection.
  ///
  /// - Returns: how many are left.
  func remove(_ number: UInt64) -> Int {
    let left = state.withLock {
      if let connection = $0.all.removeValue(forKey: number),
        let count = $0.counts[connection.block]
      {
        $0.counts[connection.block] = count > 1 ? count - 1 : nil
      }
      // The space of thousands is given back.
      if $0.all.isEmpty { ($0.all, $0.counts) = ([:], [:]) }
      if $0.all.count <= $0.limit / 2 { $0.limit = configuredLimit }
      return $0.all.count
    }
    if left == 0 { state.wake() }
    return left
  }

  /// Has all of them end.
  func interruptAll(_ reason: CloseReason) {
    let all = state.withLock {
      $0.interruption = reason
      return Array($0.all.values)
    }
    for connection in all { connection.interrupt(reason) }
  }

  /// Enqueues a line for all that are in a room, or between two; a client that does not read is not sent it.
  func enqueueForAll(_ line: [UInt8]) {
    let all = state.withLock { Array($0.all.values) }
    for connection in all { connection.enqueueIfPossible(line) }
  }

  /// Waits until all are gone.
  ///
  /// - Returns: false if the time was over before.
  func waitUntilNone(until deadline: MonotonicTime) -> Bool {
    state.wait(until: deadline) { $0.all.isEmpty ? true : nil } ?? false
  }
}
