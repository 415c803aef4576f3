internal import ChatSystem

/// A connection from when it was accepted, before it is known what it speaks, until it is gone.
///
/// Thread: any. Its lock takes no other.
final class Connection: Sendable {
  private struct State {
    /// The client, once it speaks the talk.
    var peer: Peer?
    /// Why it is to end.
    var interruption: CloseReason?
  }

  /// The socket, whatever it carries.
  let transport: TCPTransport
  /// Where it comes from.
  let address: Address
  /// Where one person's connections are counted.
  let block: AddressBlock

  private let state = Guarded(State())

  /// Takes over a socket.
  init(_ transport: TCPTransport, from address: Address) {
    (self.transport, self.address, block) = (transport, address, AddressBlock(of: address))
  }

  /// It speaks the talk, over its socket or over what is built on that.
  ///
  /// - Parameter links: what its links to files begin with; `nil` where there are none.
  func beginTalk(over transport: any Transport, links: FileLinks?) -> Peer {
    let peer = Peer(transport: transport, address: address, links: links)
    let reason = state.withLock {
      $0.peer = peer
      return $0.interruption
    }
    if let reason { peer.interrupt(reason) }
    return peer
  }

  /// Has it end. What it speaks that is not the talk sees the end of its input.
  func interrupt(_ reason: CloseReason) {
    let peer = state.withLock {
      $0.interruption = $0.interruption ?? reason
      return $0.peer
    }
    if let peer { peer.interrupt(reason) } else { transport.shutdownReading() }
  }

  /// Whether it is to end.
  var isInterrupted: Bool { state.withLock { $0.interruption != nil } }

  /// Enqueues a line if it is in a room, or between two, and reads what it is sent.
  func enqueueIfPossible(_ line: [UInt8]) {
    state.withLock { $0.peer }?.enqueueIfPossible(line)
  }
}
