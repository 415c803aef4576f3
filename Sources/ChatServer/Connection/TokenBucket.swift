package import ChatSystem

/// A rate limit: so many tokens a second, with a burst after silence. Pure.
///
/// It may go into debt: a line that has arrived is never dropped; its sender waits after it.
package struct TokenBucket: Sendable {
  /// Tokens a second; 0 means no limit.
  private let rate: Int
  private let burst: Double
  private var tokens: Double
  private var lastRefill: MonotonicTime

  /// Makes a full bucket.
  ///
  /// - Parameters:
  ///   - rate: tokens a second; 0 means no limit.
  ///   - burst: how many can be taken at once.
  package init(rate: Int, burst: Int, now: MonotonicTime) {
    self.rate = rate
    self.burst = Double(burst)
    tokens = Double(burst)
    lastRefill = now
  }

  /// Takes tokens.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - now: the time; not evaluated without a limit.
  /// - Returns: how long the client has to wait before its next line; zero mostly.
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
