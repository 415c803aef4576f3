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

  private let lock = Lock()
  /// By the nickname's key; `nil` where it is taken by someone who is not in a room yet.
  private var people: [String: Person?] = [:]

  /// Takes a nickname, so that nobody else can.
  ///
  /// - Throws: `Refusal` with `nickInUse`.
  func claim(_ nickname: Nickname) throws(Refusal) {
    try lock.withLock { () throws(Refusal) in
      guard people[nickname.key] == nil else {
        throw Refusal(.nickInUse, "the nickname '\(nickname.text)' is in use")
      }
      people[nickname.key] = .some(nil)
    }
  }

  /// Lets the one who claimed a nickname be found by it.
  func list(_ peer: Peer, as nickname: Nickname) {
    lock.withLock { people[nickname.key] = Person(nickname: nickname, peer: peer) }
  }

  /// Gives a nickname back.
  func release(_ nickname: Nickname) {
    lock.withLock { people[nickname.key] = nil }
  }

  /// Who bears a nickname, in whatever case.
  func find(_ nickname: Nickname) -> Person? {
    lock.withLock { people[nickname.key] ?? nil }
  }
}
