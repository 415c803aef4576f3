internal import ChatCore
internal import ChatSystem

/// The codes of private rooms that one client tries.
///
/// A right code and a wrong one take the same time: a turn (`RoomCodes`), and then a pause in which the room is looked
/// up. A client that has been in a private room does not wait for its turn among strangers.
///
/// Thread: its session's.
struct RoomCodeGuesses {
  /// How long the answer to a connection's first code takes; the next after a wrong one takes twice that, and so on.
  private static let answerTime: Duration = .milliseconds(500)
  /// How long a guess waits for its turn, at most.
  private static let longestWait: Duration = .seconds(60)

  private let client: ConnectedClient
  private var wrongCodes = 0

  init(_ client: ConnectedClient) { self.client = client }

  /// Whether so many were wrong that the session has to end.
  var areTooMany: Bool { wrongCodes >= Limits.wrongRoomCodes }

  /// Waits for a turn and the answer's time, and looks the room up meanwhile.
  ///
  /// - Parameter look: looks the room up; throws `roomNotFound` if there is none.
  /// - Throws: what `look` does; `Refusal` with `serverFull` if no turn came.
  mutating func tryCode<Found>(
    as nickname: Nickname, _ look: () throws(Refusal) -> Found
  ) throws(Refusal) -> Found {
    let limit = MonotonicTime.now + Self.longestWait
    let deadline = min(client.registrationDeadline ?? limit, limit)
    guard
      let turn = client.server.roomCodes.waitForTurn(
        for: client.peer, as: nickname, until: deadline)
    else {
      client.noteInterruption()
      throw Refusal(
        .serverFull, "many room codes are being tried at the moment; try again in a minute")
    }
    return try tryCode(with: turn, look)
  }

  /// The same for a guess that has had its turn.
  mutating func tryCode<Found>(
    with turn: RoomCodes.Turn, _ look: () throws(Refusal) -> Found
  ) throws(Refusal) -> Found {
    let end = MonotonicTime.now + Self.answerTime * (wrongCodes + 1)
    let found = Result { () throws(Refusal) in try look() }
    client.wait(for: end - .now)
    switch found {
    case .success:
      // A client that did not wait for the answer must not learn it from the turns it has left.
      if client.closeReason == nil, !client.peer.transport.waitUntilEnded(for: .zero), end <= .now {
        client.server.roomCodes.giveBack(turn)
      }
    case .failure(let refusal): if refusal.code == .roomNotFound { wrongCodes += 1 }
    }
    return try found.get()
  }
}
