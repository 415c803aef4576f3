/// How fast bytes come or go, over the last five seconds. Pure.
package struct TransferRate: Sendable {
  /// Older samples don't count.
  private static let window: Duration = .seconds(5)
  /// Samples closer together than this are one.
  private static let grain: Duration = .milliseconds(250)

  private var samples: [(time: Moment, bytes: UInt64)]

  /// Starts with the bytes that were here before.
  package init(bytes: UInt64, at now: Moment) { samples = [(now, bytes)] }

  /// This many bytes are here now.
  package mutating func note(_ bytes: UInt64, at now: Moment) {
    // Fewer bytes than before: the end of a damaged file was cut off.
    if let last = samples.last, bytes < last.bytes { samples = [] }
    if samples.count > 1, let before = samples.dropLast().last, now - before.time < Self.grain {
      samples.removeLast()
    }
    samples.append((now, bytes))
    while samples.count > 2, now - samples[1].time >= Self.window { samples.removeFirst() }
  }

  /// Bytes per second; 0 if it is not known yet.
  package func bytesPerSecond(at now: Moment) -> UInt64 {
    guard let first = samples.first, let last = samples.last else { return 0 }
    let nanoseconds = UInt64(max(0, (now - first.time) / .nanoseconds(1)))
    guard nanoseconds > 0 else { return 0 }
    let (high, low) = (last.bytes - first.bytes).multipliedFullWidth(by: 1_000_000_000)
    return high < nanoseconds ? nanoseconds.dividingFullWidth((high, low)).quotient : .max
  }
}
