internal import ChatCore
internal import ChatSystem

/// Who is on the server, by nickname: what makes nicknames unique, and finds people.
///
/// Thread: any. Its lock may be taken under a room log's, and takes no other.
final class Directory: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// Somebody who can be reached.
  struct Person {
    let nickname: Nickname
    let peer: Peer
  }

  /// Who has taken a look, with which nickname, and how often: twice while one is changed for another like it.
  private struct Claim {
    let peer: ObjectIdentifier
    let nickname: Nickname
    var count: Int
  }

  private let lock = Lock()
  /// By what nicknames look like (`Nickname.lookalikes`).
  private var claims: [String: Claim] = [:]
  /// Who is in a room, by the nickname's key.
  private var people: [String: Person] = [:]

  /// Takes a nickname, so that nobody else can bear it, or one that looks like it.
  ///
  /// - Throws: `Refusal` with `nickInUse`, or with `nickInvalid` if nobody may bear it.
  func claim(_ nickname: Nickname, for peer: Peer) throws(Refusal) {
    let lookalikes = nickname.lookalikes
    let owner = ObjectIdentifier(peer)
    // Who is here is told first: what looks like alice is hers, whatever else is wrong with it.
    let bearable = Result { () throws(Refusal) in try nickname.requireBearable() }
    try lock.withLock { () throws(Refusal) in
      for look in lookalikes {
        guard let claim = claims[look], claim.peer != owner else { continue }
        throw Refusal(
          .nickInUse,
          claim.nickname == nickname
            ? "the nickname '\(nickname.text)' is in use"
            : "the nickname '\(nickname.text)' looks like '\(claim.nickname.text)', which is in use"
        )
      }
      try bearable.get()
      for look in lookalikes {
        let count = claims[look]?.count ?? 0
        claims[look] = Claim(peer: owner, nickname: nickname, count: count + 1)
      }
    }
  }

  /// Lets the one who claimed a nickname be found by it.
  func list(_ peer: Peer, as nickname: Nickname) {
    lock.withLock { people[nickname.key] = Person(nickname: nickname, peer: peer) }
  }

  /// Gives a nickname back that was claimed.
  func release(_ nickname: Nickname, of peer: Peer) {
    let lookalikes = nickname.lookalikes
    lock.withLock {
      for look in lookalikes {
        guard let claim = claims[look], claim.peer == ObjectIdentifier(peer) else { continue }
        claims[look]?.count -= 1
        if claim.count == 1 { claims[look] = nil }
      }
      // Whoever bears it in another case now is still found.
      if people[nickname.key]?.nickname.text == nickname.text { people[nickname.key] = nil }
    }
  }

  /// Who bears a nickname, in whatever case. What only looks like it finds nobody: a private message is for nobody
  /// else than was meant.
  func find(_ nickname: Nickname) -> Person? { lock.withLock { people[nickname.key] } }
}
