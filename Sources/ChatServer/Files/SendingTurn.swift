/// What comes of waiting for a client's socket.
enum TurnWait {
  case lent(SendingTurn)
  /// The time was over before.
  case notYet
  /// The client is leaving.
  case never
}

/// The file sender's turn at a client's socket: between two lines, when nothing else waited. The broadcaster leaves
/// the socket alone until it is given back.
///
/// Owns: the right to send. Whoever has been given one calls `end`.
/// Thread: the file sender's.
struct SendingTurn {
  private let broadcaster: Broadcaster
  private let log: RoomLog
  private let peer: Peer
  /// How many bytes have been sent in it.
  var sentBytes: UInt64 = 0

  init(_ broadcaster: Broadcaster, _ log: RoomLog, _ peer: Peer) {
    (self.broadcaster, self.log, self.peer) = (broadcaster, log, peer)
  }

  /// Whether the room has something to send meanwhile: then the turn should end after the frame.
  var isOver: Bool { peer.isWaitedFor(head: log.published) }

  /// Gives the socket back.
  func end() { broadcaster.takeBack(peer, sent: sentBytes) }
}
