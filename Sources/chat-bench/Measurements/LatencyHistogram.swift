/// A histogram of latencies in steps of less than one per cent, of constant size. Pure.
struct LatencyHistogram {
  /// The number of steps in a power of two.
  private static let stepBits = 7
  private static let steps = 1 << stepBits

  private var counts = [Int](repeating: 0, count: 64 * steps)
  /// The number of latencies.
  private(set) var total = 0

  /// Adds one, in nanoseconds.
  mutating func add(_ nanoseconds: Int64) {
    counts[Self.index(max(0, nanoseconds))] += 1
    total += 1
  }

  /// Adds all of another histogram.
  mutating func add(_ other: LatencyHistogram) {
    for (index, count) in other.counts.enumerated() { counts[index] += count }
    total += other.total
  }

  /// A quantile, in milliseconds.
  func milliseconds(_ share: Double) -> Double {
    var left = Int((Double(total) * share).rounded(.up))
    for (index, count) in counts.enumerated() where count > 0 {
      left -= count
      if left <= 0 { return Double(Self.nanoseconds(index)) / 1e6 }
    }
    return .nan
  }

  private static func index(_ value: Int64) -> Int {
    guard value >= steps else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let step = Int(value >> Int64(exponent - stepBits)) & (steps - 1)
    return (exponent - stepBits + 1) * steps + step
  }

  /// The smallest value of a step.
  private static func nanoseconds(_ index: Int) -> Int64 {
    guard index >= steps else { return Int64(index) }
    return (Int64(steps + index % steps)) << Int64(index / steps - 1)
  }
}
