internal import ChatSystem

/// Who has got the files that were sent lately: so that their senders can be told.
///
/// Thread: any. Its lock takes no other.
final class Deliveries: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// So many files are remembered.
  private static let limit = 256

  private struct Delivery {
    weak var sender: Peer?
    let offered: Int
    var receivers: Set<ObjectIdentifier> = []
  }

  private let lock = Lock()
  private var deliveries: [String: Delivery] = [:]
  /// The oldest first.
  private var order: [String] = []

  /// A file is there to get.
  ///
  /// - Parameter offered: how many were told so, but for the sender.
  func begin(_ id: String, by sender: Peer, offered: Int) {
    lock.withLock {
      if order.count >= Self.limit { deliveries[order.removeFirst()] = nil }
      order.append(id)
      deliveries[id] = Delivery(sender: sender, offered: offered)
    }
  }

  /// Somebody has got a file.
  ///
  /// - Returns: whom to tell, how many have it, and of how many; `nil` if nobody wants to know, or knows already.
  func note(_ id: String, by receiver: Peer) -> (sender: Peer, have: Int, of: Int)? {
    lock.withLock {
      guard let sender = deliveries[id]?.sender, sender !== receiver,
        deliveries[id]?.receivers.insert(ObjectIdentifier(receiver)).inserted == true,
        let delivery = deliveries[id]
      else { return nil }
      // Who came later may have got it too.
      let have = delivery.receivers.count
      return (sender, have, max(have, delivery.offered))
    }
  }
}
