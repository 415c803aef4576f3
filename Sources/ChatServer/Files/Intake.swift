internal import ChatSystem

/// How much a client takes of all that it is sent, whoever sends it.
///
/// Thread: one at a time.
struct Intake {
  private let transport: any Transport
  private var acknowledgedBytes: UInt64

  /// Begins to count.
  init(_ transport: any Transport) {
    self.transport = transport
    acknowledgedBytes = transport.acknowledgedBytes
  }

  /// How many bytes it has taken since the last time; `nil` if nothing waits for it now.
  mutating func taken() -> UInt64? {
    let now = transport.acknowledgedBytes
    defer { acknowledgedBytes = max(acknowledgedBytes, now) }
    guard transport.unacknowledgedBytes > 0 else { return nil }
    return now > acknowledgedBytes ? now - acknowledgedBytes : 0
  }
}
