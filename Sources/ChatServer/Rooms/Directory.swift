internal import ChatCore
internal import ChatSystem

/// The registered clients by nickname: it makes nicknames unique, and finds who bears one.
///
/// Thread: any. Its lock may be taken under a room log's, and takes no other.
final class Directory: Sendable {
  /// A client that can be sent messages.
  struct Person {
    let nickname: Nickname
    let peer: Peer
  }

  /// A nickname's look that is taken: by whom, with which nickname, and how often: twice while one is changed for
  /// another like it.
  private struct Claim {
    let peer: ObjectIdentifier
    let nickname: Nickname
    var count: Int
  }

  private struct State {
    /// By what nicknames look like (`Nickname.lookalikes`).
    var claims: [String: Claim] = [:]
    /// Who is in a room, by the nickname's key.
    var people: [String: Person] = [:]
  }

  private let state = Guarded(State())

  /// Takes a nickname, so that no other client can have it, or one that looks like it.
  ///
  /// - Throws: `Refusal` with `nickInUse`, or with `nickInvalid` if it may not be used.
  func claim(_ nickname: Nickname, for peer: Peer) throws(Refusal) {
    let lookalikes = nickname.lookalikes
    let owner = ObjectIdentifier(peer)
    // A nickname in use is reported first: what looks like alice is hers, whatever else is wrong with it.
    let bearable = Result { () throws(Refusal) in try nickname.requireBearable() }
    try state.withLock { state throws(Refusal) in
      for look in lookalikes {
        guard let claim = state.claims[look], claim.peer != owner else { continue }
        throw Refusal(
          .nickInUse,
          claim.nickname == nickname
            ? "the nickname '\(nickname.text)' is in use"
            : "the nickname '\(nickname.text)' looks like '\(claim.nickname.text)', which is in use"
        )
      }
      try bearable.get()
      for look in lookalikes {
        let count = state.claims[look]?.count ?? 0
        state.claims[look] = Claim(peer: owner, nickname: nickname, count: count + 1)
      }
    }
  }

  /// Has a client found by the nickname that it claimed.
  func list(_ peer: Peer, as nickname: Nickname) {
    state.withLock { $0.people[nickname.key] = Person(nickname: nickname, peer: peer) }
  }

  /// Gives a nickname back that was claimed.
  func release(_ nickname: Nickname, of peer: Peer) {
    let lookalikes = nickname.lookalikes
    let owner = ObjectIdentifier(peer)
    state.withLock { state in
      for look in lookalikes {
        guard let claim = state.claims[look], claim.peer == owner else { continue }
        state.claims[look]?.count -= 1
        if claim.count == 1 { state.claims[look] = nil }
      }
      // A client that bears it in another case now is still found.
      if state.people[nickname.key]?.nickname.text == nickname.text {
        state.people[nickname.key] = nil
      }
      // The space of thousands is given back.
      if state.claims.isEmpty { state.claims = [:] }
      if state.people.isEmpty { state.people = [:] }
    }
  }

  /// The client with a nickname, in any case. What only looks like it is not found: a private message must reach only
  /// whom it was meant for.
  func find(_ nickname: Nickname) -> Person? { state.withLock { $0.people[nickname.key] } }
}
