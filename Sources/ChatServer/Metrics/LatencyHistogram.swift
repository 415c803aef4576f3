/// How long something took, as Prometheus counts it: how many took at most so long, for each bound.
///
/// Thread: any.
package final class LatencyHistogram: Sendable {
  /// The bounds, in nanoseconds: 0.1 ms to 10 s.
  package static let bounds: [Int64] = [
    100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
    100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 10_000_000_000,
  ]

  /// How many lie at or below each bound and above the one before; last, above all.
  private let buckets = (0...bounds.count).map { _ in Counter() }
  private let total = Counter()

  /// Nothing was observed yet.
  package init() {}

  /// Counts one.
  package func observe(nanoseconds: Int64) {
    let index = Self.bounds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count
    buckets[index].add()
    total.add(UInt64(max(0, nanoseconds)))
  }

  /// How many were observed.
  package var count: UInt64 { buckets.reduce(0) { $0 + $1.count } }
  /// How long they took together, in nanoseconds.
  package var sum: UInt64 { total.count }

  /// How many took at most so long, for each of the bounds.
  package var cumulative: [UInt64] {
    var below: UInt64 = 0
    return buckets.dropLast().map {
      below += $0.count
      return below
    }
  }
}
