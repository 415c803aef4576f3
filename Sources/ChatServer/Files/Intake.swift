internal import ChatSystem

/// How much a client takes of all that it is sent, whoever sends it.
///
/// Thread: one at a time.
struct Intake {
  private let stream: TCPTransport
  private var acknowledgedBytes: UInt64

  /// Begins to count.
  init(_ stream: TCPTransport) {
    self.stream = stream
    acknowledgedBytes = stream.acknowledgedBytes
  }

  /// How many bytes it has taken since the last time; `nil` if nothing waits for it now.
  mutating func taken() -> UInt64? {
    let now = stream.acknowledgedBytes
    defer { acknowledgedBytes = max(acknowledgedBytes, now) }
    guard stream.unacknowledgedBytes > 0 else { return nil }
    return now > acknowledgedBytes ? now - acknowledgedBytes : 0
  }
}
