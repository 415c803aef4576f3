internal import ChatFiles
internal import ChatSystem

/// Sends files over a connection that has nothing else to carry, waiting as long as its client takes some.
///
/// Thread: the one that has the right to send.
struct PatientSending {
  /// How many bytes may wait in the system for the network.
  private static let unsentBytes: CInt = 65_536
  /// How often it is looked whether a client that takes nothing is to be given up.
  private static let checkInterval: Duration = .seconds(1)
  /// The most that one call of the system is asked to send.
  private static let pieceBytes: UInt64 = 1_048_576

  private let transport: any FileTransport
  private let patience: Duration
  private var clock = StallClock()
  private var takenBytes: UInt64 = 0

  /// Prepares a connection.
  ///
  /// - Parameter patience: how long the client may take nothing.
  init(_ transport: any FileTransport, patience: Duration) {
    (self.transport, self.patience) = (transport, patience)
    transport.keepUnsentBytes(below: Self.unsentBytes, patience: Self.checkInterval)
  }

  /// Sends a part of a content.
  ///
  /// - Parameter isWanted: asked again and again while it is sent.
  /// - Returns: how many bytes were sent: all, if it was wanted to the end.
  /// - Throws: `SystemError`, EAGAIN where the client has taken nothing for too long.
  mutating func send(
    _ content: OpenContent, from offset: UInt64, count: UInt64, while isWanted: () -> Bool
  ) throws(SystemError) -> UInt64 {
    var sent: UInt64 = 0
    while sent < count {
      let part = try transport.sendFile(
        content.descriptorNumber, from: offset + sent,
        count: Int(min(count - sent, Self.pieceBytes)))
      sent += UInt64(part ?? 0)
      takenBytes += UInt64(part ?? 0)
      guard sent < count else { break }
      try checkProgress()
      guard isWanted() else { break }
    }
    clock.reset()
    return sent
  }

  /// Waits until the system has all of what was sent: a transport that encrypts may hold the last of it.
  ///
  /// - Parameter isWanted: asked again and again while it waits.
  /// - Returns: false if it was not wanted to the end.
  /// - Throws: `SystemError`, EAGAIN where the client has taken nothing for too long.
  mutating func finish(while isWanted: () -> Bool) throws(SystemError) -> Bool {
    while let readiness = try transport.flush() {
      _ = try transport.wait(for: readiness, until: .now + Self.checkInterval)
      try checkProgress()
      guard isWanted() else { return false }
    }
    clock.reset()
    return true
  }

  private mutating func checkProgress() throws(SystemError) {
    let waiting = UInt64(transport.unacknowledgedBytes)
    let delivered = takenBytes > waiting ? takenBytes - waiting : 0
    guard clock.stalledFor(at: delivered, step: 1, now: .now) < patience else {
      throw SystemError("sendfile", code: SystemError.wouldBlock)
    }
  }
}

/// How much a client takes of all that it is sent, by whichever thread.
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
