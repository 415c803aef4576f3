internal import ChatCore
internal import ChatSystem

/// Who may try a private room's code, and when.
///
/// Thread: any; its lock takes no other.
final class RoomCodes: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How often a guess that waits asks at least.
  private static let longestWait: Duration = .seconds(1)

  private let lock = Lock()
  private var budget = GuessBudget(now: .now)
  private var members = PastMembers()

  /// Somebody comes into a private room, or leaves it.
  func note(_ peer: Peer, as nickname: Nickname, in room: RoomName) {
    guard room.kind == .private else { return }
    let block = AddressBlock(of: peer.address)
    lock.withLock { members.note(room: room.text, nickname: nickname.key, from: block) }
  }

  /// Whether somebody has been in a room, from the same address and under the same nickname.
  func knows(_ peer: Peer, as nickname: Nickname, in room: RoomName) -> Bool {
    let block = AddressBlock(of: peer.address)
    return lock.withLock { members.contain(room: room.text, nickname: nickname.key, from: block) }
  }

  /// Takes a turn if one can be had at once.
  func takeTurn(for peer: Peer) -> GuessBudget.Ticket? {
    let block = AddressBlock(of: peer.address)
    return lock.withLock {
      let ticket = budget.draw(block, now: .now)
      if budget.wait(ticket, now: .now) == .zero { return ticket }
      budget.giveUp(ticket)
      return nil
    }
  }

  /// Waits for a turn, as long as somebody is there to wait for it.
  ///
  /// Thread: the peer's session.
  /// - Returns: `nil` if the time was over, the peer's stream has ended, or it is to end.
  func waitForTurn(for peer: Peer, until deadline: MonotonicTime) -> GuessBudget.Ticket? {
    let block = AddressBlock(of: peer.address)
    let ticket = lock.withLock { budget.draw(block, now: .now) }
    while true {
      let now = MonotonicTime.now
      let wait = lock.withLock { budget.wait(ticket, now: now) }
      if wait == .zero { return ticket }
      let pause = min(wait, Self.longestWait, deadline - now)
      // Whoever is interrupted has its reading side shut, which is an end as well.
      if pause <= .zero || peer.stream.waitUntilEnded(for: pause) {
        lock.withLock { budget.giveUp(ticket) }
        return nil
      }
    }
  }

  /// A code was right.
  func giveBack(_ ticket: GuessBudget.Ticket) { lock.withLock { budget.giveBack(ticket) } }
}
