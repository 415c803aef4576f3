/// What comes of waiting for a turn to send.
enum TurnWait {
  case lent(SendingTurn)
  /// The time was over before.
  case notYet
  /// The client is leaving.
  case never
}

/// The right to send to a client between two lines of its stream, given by its broadcaster when nothing else waited.
///
/// Owns: the right to send. Its owner calls `end`, once.
/// Thread: one at a time.
struct SendingTurn: Sendable {
  /// How many bytes have been sent in it.
  var sentBytes: UInt64 = 0
  private let hasPendingOutput: @Sendable () -> Bool
  private let giveBack: @Sendable (UInt64) -> Void

  /// - Parameters:
  ///   - hasPendingOutput: whether the room has something to send meanwhile.
  ///   - giveBack: gives the right back, with how many bytes were sent.
  init(
    hasPendingOutput: @escaping @Sendable () -> Bool,
    giveBack: @escaping @Sendable (_ sentBytes: UInt64) -> Void
  ) {
    (self.hasPendingOutput, self.giveBack) = (hasPendingOutput, giveBack)
  }

  /// Whether the turn should end after the present frame, since the room has something to send.
  var isOver: Bool { hasPendingOutput() }

  /// Gives the right to send back.
  func end() { giveBack(sentBytes) }
}
