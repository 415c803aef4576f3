internal import ChatCore
internal import ChatSystem

/// Which clients have received the files that were sent lately, so that their senders can be told.
///
/// Thread: any. Its lock takes no other.
final class Deliveries: Sendable {
  /// So many files are remembered.
  private static let limit = 4_096

  private struct Delivery {
    weak var sender: Peer?
    var offered = 0
    /// By the nickname's key.
    var receivers: Set<String> = []
  }

  private struct State {
    var deliveries: [String: Delivery] = [:]
    /// The oldest first.
    var order: [String] = []
  }

  private let state = Guarded(State())

  /// A file is about to be offered. Its sender reads tagged lines.
  func begin(_ id: String, by sender: Peer) {
    state.withLock {
      if $0.order.count >= Self.limit { $0.deliveries[$0.order.removeFirst()] = nil }
      $0.order.append(id)
      $0.deliveries[id] = Delivery(sender: sender)
    }
  }

  /// So many were offered it, besides the sender.
  func note(_ id: String, offered: Int) { state.withLock { $0.deliveries[id]?.offered = offered } }

  /// A client has received a file.
  ///
  /// - Returns: whom to tell, how many have it, and of how many; `nil` if the sender is gone, or knows already.
  func note(
    _ id: String, by receiver: Peer, called nickname: Nickname
  ) -> (sender: Peer, have: Int, of: Int)? {
    state.withLock {
      guard let sender = $0.deliveries[id]?.sender, sender !== receiver,
        $0.deliveries[id]?.receivers.insert(nickname.key).inserted == true,
        let delivery = $0.deliveries[id]
      else { return nil }
      // A client that came later may have received it, too.
      let have = delivery.receivers.count
      return (sender, have, max(have, delivery.offered))
    }
  }
}
