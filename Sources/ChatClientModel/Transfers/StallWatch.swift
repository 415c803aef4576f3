/// Finds out that the server has done nothing for a long time of what the transfers wait for, though it may say
/// other things. Pure.
package struct StallWatch: Sendable {
  /// So long may nothing come and nothing go.
  package static let limit: Duration = .seconds(60)
  /// How often it is worth looking.
  package static let interval: Duration = .seconds(1)

  /// What changes as long as something comes or goes.
  package struct Signs: Equatable, Sendable {
    /// How often the server has said something of a file, or sent of one.
    package var answers: UInt64
    /// How much the files that are being sent have left.
    package var sentBytes: UInt64
    /// How much is on its way: a slow line has not seen it yet.
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
  /// - Parameter signs: `nil` if nothing is waited for.
  /// - Returns: whether nothing has changed for too long; the time begins anew then.
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
