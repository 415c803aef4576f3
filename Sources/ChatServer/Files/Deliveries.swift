internal import ChatCore
internal import ChatSystem

/// Who has got the files that were sent lately: so that their senders can be told.
///
/// Thread: any. Its lock takes no other.
final class Deliveries: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// So many files are remembered.
  private static let limit = 4_096

  private struct Delivery {
    weak var sender: Peer?
    var offered = 0
    /// By the nickname's key.
    var receivers: Set<String> = []
  }

  private let lock = Lock()
  private var deliveries: [String: Delivery] = [:]
  /// The oldest first.
  private var order: [String] = []

  /// A file is about to be there to get. Its sender reads tagged lines.
  func begin(_ id: String, by sender: Peer) {
    lock.withLock {
      if order.count >= Self.limit { deliveries[order.removeFirst()] = nil }
      order.append(id)
      deliveries[id] = Delivery(sender: sender)
    }
  }

  /// So many were told of it, but for the sender.
  func note(_ id: String, offered: Int) { lock.withLock { deliveries[id]?.offered = offered } }

  /// Somebody has got a file.
  ///
  /// - Returns: whom to tell, how many have it, and of how many; `nil` if nobody wants to know, or knows already.
  func note(
    _ id: String, by receiver: Peer, called nickname: Nickname
  ) -> (sender: Peer, have: Int, of: Int)? {
    lock.withLock {
      guard let sender = deliveries[id]?.sender, sender !== receiver,
        deliveries[id]?.receivers.insert(nickname.key).inserted == true,
        let delivery = deliveries[id]
      else { return nil }
      // Who came later may have got it too.
      let have = delivery.receivers.count
      return (sender, have, max(have, delivery.offered))
    }
  }
}
