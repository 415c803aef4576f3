/// Finds out that a server does nothing about a question, though it may send other lines. Pure.
package struct StallWatch: Sendable {
  /// How long an answer may take.
  package static let limit: Duration = .seconds(60)
  /// How often to look.
  package static let interval: Duration = .seconds(1)

  /// When to look again.
  package private(set) var nextLook: Moment
  private var answers: UInt64?
  private var since: Moment

  /// A question is asked.
  package init(now: Moment) { (nextLook, since) = (now, now) }

  /// Looks, while questions are open.
  ///
  /// - Parameter answers: how many lines about them the server has sent.
  /// - Returns: whether nothing has changed for too long; then the time starts again.
  package mutating func isStalled(_ answers: UInt64, now: Moment) -> Bool {
    nextLook = now + Self.interval
    guard answers == self.answers else {
      (self.answers, since) = (answers, now)
      return false
    }
    guard now - since >= Self.limit else { return false }
    since = now
    return true
  }
}
