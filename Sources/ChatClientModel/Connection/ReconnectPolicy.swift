/// When to try again after the connection was lost, and when to give up. Pure.
package struct ReconnectPolicy: Sendable {
  /// Why an attempt failed.
  package enum Failure: Error, Equatable {
    /// The server can't be reached, or lets no client in now.
    case unreachable
    /// The server takes the old connection for alive.
    case nicknameInUse
  }

  /// The first pause.
  package static let shortestPause: Duration = .milliseconds(100)
  /// Pauses double up to this length.
  package static let longestPause: Duration = .seconds(5)
  /// How long a server may be silent.
  package static let patience: Duration = .seconds(120)
  /// How long the old connection may seem alive: the server's keep-alive finds out in two minutes.
  package static let nicknamePatience: Duration = .seconds(150)

  /// How long a server may be silent.
  private let patience: Duration
  private let longestPause: Duration
  private var pause: Duration
  private var lastContact: Moment
  private var refusedSince: Moment?

  /// The connection was lost at this moment.
  package init(now: Moment) {
    lastContact = now
    (patience, longestPause, pause) = (Self.patience, Self.longestPause, Self.shortestPause)
  }

  /// A policy without pauses, which gives up as soon as the server can't be reached: for tests.
  package init(withoutPausesFrom now: Moment) {
    lastContact = now
    (patience, longestPause, pause) = (.zero, .zero, .zero)
  }

  /// The pause before the next attempt; `nil` to give up.
  ///
  /// - Parameters:
  ///   - failure: how the last attempt ended; `nil` before the first.
  ///   - random: chooses between half of a pause and all of it, so that clients that were cut off together don't
  ///     reconnect together.
  package mutating func pause(
    after failure: Failure?, now: Moment, using random: inout some RandomNumberGenerator
  ) -> Duration? {
    switch failure {
    case nil: break
    case .unreachable:
      if now - lastContact >= patience { return nil }
    case .nicknameInUse:
      lastContact = now
      let since = refusedSince ?? now
      refusedSince = since
      if now - since >= Self.nicknamePatience { return nil }
    }
    defer { pause = min(pause * 2, longestPause) }
    return pause * Double.random(in: 0.5...1, using: &random)
  }

  /// The client is in again. If the connection does not last, the pauses go on growing.
  package mutating func succeeded(now: Moment) {
    lastContact = now
    refusedSince = nil
  }
}
