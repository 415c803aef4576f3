internal import ChatCore
internal import ChatSystem

/// What proves by HTTP that a request comes from a client of the talk: each that said `[HELLO]` is told a token of its
/// own, which nobody guesses.
///
/// Thread: any. Its lock takes no other.
final class SessionTokens: Sendable {
  private struct Entry {
    let peer: Peer
    /// What it may say by HTTP, over all of its connections together.
    var budget: TokenBucket
  }

  private let entries = Guarded<[String: Entry]>([:])
  private let rate: Int

  /// - Parameter rate: how many lines a second each may say; 0 for any number.
  init(rate: Int) { self.rate = rate }

  /// A new token for a client; it is good until `revoke`.
  func issue(for peer: Peer) -> String {
    let token = SecretName.make()
    let budget = TokenBucket(rate: rate, burst: 10 * rate, now: .now)
    entries.withLock { $0[token] = Entry(peer: peer, budget: budget) }
    return token
  }

  /// The client is leaving.
  func revoke(_ token: String) { entries.withLock { $0[token] = nil } }

  /// Whose token it is.
  func peer(of token: String) -> Peer? { entries.withLock { $0[token]?.peer } }

  /// Takes what so many lines cost.
  ///
  /// - Returns: how long the client has to wait before it says them.
  func spend(_ lines: Int, of token: String) -> Duration {
    entries.withLock { $0[token]?.budget.take(lines, now: .now) ?? .zero }
  }
}
