/// How often a transfer goes on after something went wrong. Pure.
///
/// It fails when something wrong came for the third time, or when the connection was lost for the third time in a row
/// without a single new byte.
package struct TransferAttempts: Sendable {
  /// How many times something may go wrong.
  package static let limit = 3

  private var mistakes = 0
  private var losses = 0

  /// Nothing has gone wrong yet.
  package init() {}

  /// How long to wait before the next attempt.
  package var pause: Duration { .milliseconds(losses < 2 ? 250 : 1_500) }

  /// What came is wrong.
  ///
  /// - Returns: whether to try again.
  package mutating func mistake() -> Bool {
    mistakes += 1
    return mistakes < Self.limit
  }

  /// Something new has come, or gone.
  package mutating func progress() { losses = 0 }

  /// The connection was lost.
  ///
  /// - Returns: whether to try again.
  package mutating func loss() -> Bool {
    losses += 1
    return losses < Self.limit
  }
}
