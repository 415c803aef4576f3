internal import ChatSystem

/// How many TLS handshakes go on, in all and from each address: who begins one and falls silent keeps nobody out.
///
/// Thread: any.
final class HandshakeSlots: Sendable {
  private struct State {
    var count = 0
    var counts: [AddressBlock: Int] = [:]
  }

  private let state = Guarded(State())
  private let limit: Int
  private let addressLimit: Int

  /// Nobody shakes hands.
  init(limit: Int = 512, addressLimit: Int = 128) {
    (self.limit, self.addressLimit) = (limit, addressLimit)
  }

  /// A handshake begins, and has to `end`.
  ///
  /// - Returns: false if there are too many.
  func begin(_ block: AddressBlock) -> Bool {
    state.withLock {
      guard $0.count < limit, $0.counts[block, default: 0] < addressLimit else { return false }
      $0.count += 1
      $0.counts[block, default: 0] += 1
      return true
    }
  }

  /// A handshake that has begun is over.
  func end(_ block: AddressBlock) {
    state.withLock {
      $0.count -= 1
      let left = $0.counts[block, default: 1] - 1
      $0.counts[block] = left > 0 ? left : nil
    }
  }
}
