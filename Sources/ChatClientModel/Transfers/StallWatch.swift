/// Finds out that transfers make no progress, though the server may send other lines. Pure.
package struct StallWatch: Sendable {
  /// How long transfers may stand still.
  package static let limit: Duration = .seconds(60)
  /// How often to look.
  package static let interval: Duration = .seconds(1)

  /// What changes as long as there is progress.
  package struct Signs: Equatable, Sendable {
    /// How many lines and bytes about files the server has sent.
    package var answers: UInt64
    /// How much of files has been sent.
    package var sentBytes: UInt64
    /// How much the peer's system has not acknowledged.
    package var unacknowledgedBytes: Int

    package init(answers: UInt64, sentBytes: UInt64, unacknowledgedBytes: Int) {
      self.answers = answers
      self.sentBytes = sentBytes
      self.unacknowledgedBytes = unacknowledgedBytes
    }
  }

  /// When to look again.
  package private(set) var nextLook: Moment
  private var signs: Signs?
  private var since: Moment

  package init(now: Moment) { (nextLook, since) = (now, now) }

  /// Looks.
  ///
  /// - Parameter signs: `nil` if the transfers wait for nothing.
  /// - Returns: whether nothing has changed for too long; then the time starts again.
  package mutating func isStalled(_ signs: Signs?, now: Moment) -> Bool {
    nextLook = now + Self.interval
    guard let signs, signs == self.signs else {
      (self.signs, since) = (signs, now)
      return false
    }
    guard now - since >= Self.limit else { return false }
    since = now
    return true
  }
}
