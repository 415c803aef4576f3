package import ChatSystem

/// Tells a transfer that goes on fast enough from one that takes too long. Pure.
///
/// So many bytes a second are asked of it. What it does more than that is remembered, but for no longer than its
/// patience; so it may rest that long, and no burst buys it more.
package struct Pace: Sendable {
  private let bytesPerSecond: Double
  private let most: Double
  private var balance: Double
  private var time: MonotonicTime

  /// Begins now, with all of its patience.
  package init(bytesPerSecond: Int, patience: Duration, now: MonotonicTime) {
    self.bytesPerSecond = Double(bytesPerSecond)
    most = self.bytesPerSecond * (patience / .seconds(1))
    balance = most
    time = now
  }

  /// So many bytes have passed since the last time.
  package mutating func note(_ count: UInt64, now: MonotonicTime) {
    balance = min(most, self.balance(at: now) + Double(count))
    time = max(time, now)
  }

  /// Nothing was there to pass.
  package mutating func rest(now: MonotonicTime) { (balance, time) = (most, max(time, now)) }

  /// How many bytes it is ahead of what is asked of it; below 0 it is too slow.
  package func balance(at now: MonotonicTime) -> Double {
    balance - bytesPerSecond * (max(.zero, now - time) / .seconds(1))
  }
}
