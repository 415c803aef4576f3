internal import ChatCore
internal import ChatSystem

/// What proves by HTTP that a request comes from a client of the talk: each that said `[HELLO]` is told a token of its
/// own, which nobody guesses.
///
/// Thread: any. Its lock takes no other.
final class SessionTokens: Sendable {
  private let peers = Guarded<[String: Peer]>([:])

  /// A new token for a client; it is good until `revoke`.
  func issue(for peer: Peer) -> String {
    let token = SecretName.make()
    peers.withLock { $0[token] = peer }
    return token
  }

  /// The client is leaving.
  func revoke(_ token: String) { peers.withLock { $0[token] = nil } }

  /// Whose token it is.
  func peer(of token: String) -> Peer? { peers.withLock { $0[token] } }
}
