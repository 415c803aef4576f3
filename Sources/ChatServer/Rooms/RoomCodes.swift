internal import ChatCore
internal import ChatSystem

/// Who may try a private room's code, and when.
///
/// Every guess takes a turn, right or wrong. Strangers have a budget, address by address; those who have been in a
/// private room have another, each under a nickname. Which one it is depends on who asks, never on the code.
///
/// Thread: any; its lock takes no other.
final class RoomCodes: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How often a guess that waits asks at least.
  private static let longestWait: Duration = .seconds(1)

  /// A guess's place in one of the two budgets.
  struct Turn {
    fileprivate let budget: ReferenceWritableKeyPath<RoomCodes, GuessBudget>
    fileprivate let ticket: GuessBudget.Ticket
  }

  private let lock = Lock()
  private var strangers = GuessBudget(now: .now)
  private var membersBudget = GuessBudget(now: .now)
  private var members = PastMembers()

  /// Somebody comes into a private room, or leaves it.
  func note(_ peer: Peer, as nickname: Nickname, in room: RoomName) {
    guard room.kind == .private else { return }
    let block = AddressBlock(of: peer.address)
    lock.withLock { members.note(nickname: nickname.key, from: block) }
  }

  /// Takes a turn of the peer's address if one can be had at once.
  func takeTurn(for peer: Peer) -> Turn? {
    let block = AddressBlock(of: peer.address)
    return lock.withLock {
      let ticket = strangers.draw(GuessBudget.Guesser(block), now: .now)
      if strangers.wait(ticket, now: .now) == .zero {
        return Turn(budget: \.strangers, ticket: ticket)
      }
      strangers.giveUp(ticket)
      return nil
    }
  }

  /// Waits for a turn, as long as somebody is there to wait for it.
  ///
  /// Thread: the peer's session.
  /// - Returns: `nil` if the time was over, the peer's stream has ended, or it is to end.
  func waitForTurn(
    for peer: Peer, as nickname: Nickname, until deadline: MonotonicTime
  ) -> Turn? {
    let turn = draw(AddressBlock(of: peer.address), nickname.key)
    while true {
      let now = MonotonicTime.now
      let wait = lock.withLock { self[keyPath: turn.budget].wait(turn.ticket, now: now) }
      if wait == .zero { return turn }
      let pause = min(wait, Self.longestWait, deadline - now)
      // Whoever is interrupted has its reading side shut, which is an end as well.
      if pause <= .zero || peer.stream.waitUntilEnded(for: pause) {
        lock.withLock { self[keyPath: turn.budget].giveUp(turn.ticket) }
        return nil
      }
    }
  }

  private func draw(_ block: AddressBlock, _ nickname: String) -> Turn {
    lock.withLock {
      guard members.contain(nickname: nickname, from: block) else {
        let ticket = strangers.draw(GuessBudget.Guesser(block), now: .now)
        return Turn(budget: \.strangers, ticket: ticket)
      }
      let guesser = GuessBudget.Guesser(block, nickname: nickname)
      return Turn(budget: \.membersBudget, ticket: membersBudget.draw(guesser, now: .now))
    }
  }

  /// A code was right, and its guesser has been told so.
  func giveBack(_ turn: Turn) {
    lock.withLock { self[keyPath: turn.budget].giveBack(turn.ticket) }
  }
}
