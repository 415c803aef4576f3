internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// How a quiet room is served by two threads.
extension Broadcaster {
  /// So many members are served at a time.
  private var sharedStep: Int { 4 }

  /// Sends what is new to all who need nothing else, on two threads: where little is said, half the time until
  /// the last has it is worth more than the second thread costs. What is left is the pass's.
  func fanOut(_ published: UInt64) {
    let next = Atomic<Int>(0)
    let members = members
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      while true {
        let start = next.wrappingAdd(sharedStep, ordering: .relaxed).oldValue
        guard start < members.count else { return }
        for peer in members[start..<min(members.count, start + sharedStep)] {
          sendNew(to: peer, published)
        }
      }
    }
  }

  /// Sends a member the log's new bytes if nothing stands in the way. Thread: one at a time for each member.
  private func sendNew(to peer: Peer, _ published: UInt64) {
    guard !peer.isBlocked, !peer.isFetching, !peer.isLent, peer.cursor >= tail,
      case .log(let limit) = peer.nextPiece(head: published)
    else { return }
    // An error is met again by the pass, which does something about it.
    let slice = log[peer.cursor..<limit]
    guard let sent = try? peer.stream.send(slice), sent > 0 else { return }
    peer.cursor += UInt64(sent)
    peer.sentBytes += UInt64(sent)
    peer.isMidLine = slice[sent - 1] != UInt8(ascii: "\n")
  }
}
