internal import ChatCore
internal import ChatSystem

/// Decides who may try a private room's code, and when.
///
/// Every guess takes a turn, right or wrong. Strangers have a budget, address by address; those who have been in a
/// private room have another, each under a nickname. Which one it is depends on who asks, never on the code.
///
/// Thread: any; its lock takes no other.
final class RoomCodes: Sendable {
  /// How often a waiting guess asks for its turn, at least.
  private static let longestWait: Duration = .seconds(1)

  /// A guess's place in one of the two budgets.
  struct Turn {
    fileprivate let isMember: Bool
    fileprivate let ticket: GuessBudget.Ticket
  }

  private struct State {
    var strangersBudget = GuessBudget(now: .now)
    var membersBudget = GuessBudget(now: .now)
    var members = PastMembers()

    subscript(budgetOf turn: Turn) -> GuessBudget {
      get { turn.isMember ? membersBudget : strangersBudget }
      _modify {
        if turn.isMember { yield &membersBudget } else { yield &strangersBudget }
      }
    }
  }

  private let state = Guarded(State())

  /// A client joins a private room, or leaves it.
  func note(_ peer: Peer, as nickname: Nickname, in room: RoomName) {
    guard room.kind == .private else { return }
    let block = AddressBlock(of: peer.address)
    state.withLock { $0.members.note(nickname: nickname.key, from: block) }
  }

  /// Takes a turn of the peer's address if one can be had at once.
  func takeTurn(for peer: Peer) -> Turn? {
    let block = AddressBlock(of: peer.address)
    return state.withLock {
      let ticket = $0.strangersBudget.draw(GuessBudget.Guesser(block), now: .now)
      if $0.strangersBudget.wait(ticket, now: .now) == .zero {
        return Turn(isMember: false, ticket: ticket)
      }
      $0.strangersBudget.giveUp(ticket)
      return nil
    }
  }

  /// Waits for a turn, as long as the client is there.
  ///
  /// Thread: the peer's session.
  /// - Returns: `nil` if the time was over, the peer's stream has ended, or it is to end.
  func waitForTurn(
    for peer: Peer, as nickname: Nickname, until deadline: MonotonicTime
  ) -> Turn? {
    let turn = draw(AddressBlock(of: peer.address), nickname.key)
    while true {
      let now = MonotonicTime.now
      let wait = state.withLock { $0[budgetOf: turn].wait(turn.ticket, now: now) }
      if wait == .zero { return turn }
      let pause = min(wait, Self.longestWait, deadline - now)
      // A session that is interrupted has its reading side shut, which is an end, too.
      if pause <= .zero || peer.transport.waitUntilEnded(for: pause) {
        state.withLock { $0[budgetOf: turn].giveUp(turn.ticket) }
        return nil
      }
    }
  }

  private func draw(_ block: AddressBlock, _ nickname: String) -> Turn {
    state.withLock {
      guard $0.members.contain(nickname: nickname, from: block) else {
        let ticket = $0.strangersBudget.draw(GuessBudget.Guesser(block), now: .now)
        return Turn(isMember: false, ticket: ticket)
      }
      let guesser = GuessBudget.Guesser(block, nickname: nickname)
      return Turn(isMember: true, ticket: $0.membersBudget.draw(guesser, now: .now))
    }
  }

  /// A code was right, and its guesser knows: the turn does not count.
  func giveBack(_ turn: Turn) {
    state.withLock { $0[budgetOf: turn].giveBack(turn.ticket) }
  }
}
