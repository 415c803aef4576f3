package import ChatSystem

/// How many lines a client may send: so many a second, with a burst after silence. Pure.
///
/// It may go into debt: a line that has arrived is never dropped, its sender waits after it.
package struct TokenBucket: Sendable {
  /// Lines a second; 0 means no limit.
  private let rate: Int
  private let burst: Double
  private var tokens: Double
  private var lastRefill: MonotonicTime

  /// Makes a full bucket.
  ///
  /// - Parameters:
  ///   - rate: lines a second; 0 means no limit.
  ///   - burst: how many may come at once.
  package init(rate: Int, burst: Int, now: MonotonicTime) {
    self.rate = rate
    self.burst = Double(burst)
    tokens = Double(burst)
    lastRefill = now
  }

  /// Gives tokens back that were taken for what should cost nothing.
  package mutating func giveBack(_ count: Int) { tokens += Double(count) }

  /// Takes the tokens of one line.
  ///
  /// - Parameters:
  ///   - count: how many tokens the line costs.
  ///   - now: the time; not asked for where there is no limit.
  /// - Returns: how long the sender has to wait before its next line; zero mostly.
  package mutating func take(
    _ count: Int = 1, now: @autoclosure () -> MonotonicTime
  ) -> Duration {
    guard rate > 0 else { return .zero }
    let now = now()
    let elapsedNanoseconds = now.nanoseconds - lastRefill.nanoseconds
    lastRefill = now
    tokens = min(burst, tokens + Double(elapsedNanoseconds) * Double(rate) / 1e9) - Double(count)
    return tokens < 0 ? .seconds(-tokens / Double(rate)) : .zero
  }
}
