/// How often a transfer goes on after something went wrong. Pure.
///
/// It fails when something wrong came for the third time, or when the connection was lost for the third time in a row
/// without a single new byte.
package struct TransferAttempts: Sendable {
  /// How many times something may go wrong.
  package static let limit = 3
  /// How often a server that has no time, or no place, is asked again: for two minutes.
  private static let busyLimit = 24
  private static let busyPause: Duration = .seconds(5)

  private var mistakes = 0
  private var losses = 0
  private var refusals = 0
  /// How long to wait before the next attempt.
  package private(set) var pause: Duration = .milliseconds(250)

  /// Nothing has gone wrong yet.
  package init() {}

  /// Whether the talk's connection has to show that it lives before the next attempt, which is the last: where the network
  /// is away, that takes its time.
  package var needsSign: Bool { losses > 1 }

  /// What came is wrong.
  ///
  /// - Returns: whether to try again.
  package mutating func mistake() -> Bool {
    mistakes += 1
    return mistakes < Self.limit
  }

  /// Something new has come, or gone.
  package mutating func progress() { (losses, refusals) = (0, 0) }

  /// The connection was lost.
  ///
  /// - Returns: whether to try again.
  package mutating func loss() -> Bool {
    losses += 1
    pause = .milliseconds(losses < 2 ? 250 : 1_500)
    return losses < Self.limit
  }

  /// The server has no time, or no place, now.
  ///
  /// - Returns: whether to try again.
  package mutating func busy() -> Bool {
    refusals += 1
    pause = Self.busyPause
    return refusals < Self.busyLimit
  }
}
