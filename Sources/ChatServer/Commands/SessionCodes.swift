internal import ChatCore
internal import ChatSystem

/// A client tries the code of a private room.
///
/// A right code and a wrong one take the same: a turn, and then a pause, within which the room is looked for. Whoever
/// has been in a private room does not wait for its turn among strangers.
extension Session {
  /// What a connection waits for the answer to its first code; for the next after a wrong one, twice that, and so on.
  private static let answerTime: Duration = .milliseconds(500)
  /// How long a guess waits for its turn, at most.
  private static let longestWait: Duration = .seconds(60)

  /// Waits for a turn and the answer's time, looking for the room meanwhile.
  ///
  /// - Parameters:
  ///   - look: looks for the room; throws `roomNotFound` if there is none.
  /// - Throws: what `look` does; `Refusal` with `serverFull` if it did not come to a turn.
  func tryCode<Found>(
    _ code: RoomName, as nickname: Nickname, _ look: () throws(Refusal) -> Found
  ) throws(Refusal) -> Found {
    let deadline = min(handshakeEnd ?? .now + Self.longestWait, .now + Self.longestWait)
    guard
      let turn = server.roomCodes.waitForTurn(for: peer, as: nickname, until: deadline)
    else {
      reason = peer.interruptionReason ?? reason
      throw Refusal(
        .serverFull, "many room codes are being tried at the moment; try again in a minute")
    }
    return try tryCode(with: turn, look)
  }

  /// The same for a guess that has had its turn.
  func tryCode<Found>(
    with turn: RoomCodes.Turn, _ look: () throws(Refusal) -> Found
  ) throws(Refusal) -> Found {
    let end = MonotonicTime.now + Self.answerTime * (wrongCodes + 1)
    let found = Result { () throws(Refusal) in try look() }
    peer.wait(for: end - .now)
    reason = peer.interruptionReason ?? reason
    switch found {
    case .success:
      // Who did not wait for the answer is not to learn it from the turns it has left.
      if reason == nil, !peer.stream.waitUntilEnded(for: .zero), end <= .now {
        server.roomCodes.giveBack(turn)
      }
    case .failure(let refusal): if refusal.code == .roomNotFound { wrongCodes += 1 }
    }
    return try found.get()
  }

  /// A private room is named in the handshake. Where it would have to wait for its turn, it is looked for when the
  /// nickname is known: somebody who has been in one waits elsewhere. Nothing is answered to a room that can be entered, so
  /// nobody learns anything.
  ///
  /// - Returns: false if there is no such room.
  func isRoom(_ name: RoomName) -> Bool {
    guard name.kind == .private, let turn = server.roomCodes.takeTurn(for: peer) else {
      hasUntriedRoom = name.kind == .private
      return true
    }
    do throws(Refusal) {
      try tryCode(with: turn) { () throws(Refusal) in
        guard server.rooms.exists(name) else { throw .noSuchRoom }
      }
      hasUntriedRoom = false
      return true
    } catch {
      // The room named before, tried or not, is the one again.
      return false
    }
  }
}
