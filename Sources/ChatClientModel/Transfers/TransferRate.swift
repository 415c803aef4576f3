/// How fast bytes come or go, over the last five seconds. Pure.
package struct TransferRate: Sendable {
  /// What is older tells nothing of now.
  private static let window: Duration = .seconds(5)
  /// Moments closer together than this are one.
  private static let grain: Duration = .milliseconds(250)

  private var samples: [(time: Moment, bytes: UInt64)]

  /// Begins with so many bytes that were here before.
  package init(bytes: UInt64, at now: Moment) { samples = [(now, bytes)] }

  /// So many bytes are here now.
  package mutating func note(_ bytes: UInt64, at now: Moment) {
    // What went back begins anew: a file whose end was bad.
    if let last = samples.last, bytes < last.bytes { samples = [] }
    if samples.count > 1, let before = samples.dropLast().last, now - before.time < Self.grain {
      samples.removeLast()
    }
    samples.append((now, bytes))
    while samples.count > 2, now - samples[1].time >= Self.window { samples.removeFirst() }
  }

  /// Bytes a second; 0 if nobody knows yet.
  package func bytesPerSecond(at now: Moment) -> UInt64 {
    guard let first = samples.first, let last = samples.last else { return 0 }
    let nanoseconds = UInt64(max(0, (now - first.time) / .nanoseconds(1)))
    guard nanoseconds > 0 else { return 0 }
    let (high, low) = (last.bytes - first.bytes).multipliedFullWidth(by: 1_000_000_000)
    return high < nanoseconds ? nanoseconds.dividingFullWidth((high, low)).quotient : .max
  }
}
