internal import ChatSystem

/// A transport for a client that is in a room and reads nothing of it: what it is sent is accepted and dropped.
///
/// Whether it is still there is told by the connection that it came over.
///
/// Thread: any.
final class SilentTransport: Transport {
  private let carrier: any Transport

  /// - Parameter carrier: the connection that it came over.
  init(over carrier: any Transport) { self.carrier = carrier }

  // Nothing waits for it: every send accepts everything.
  var number: CInt { carrier.number }

  func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool {
    try carrier.waitUntilReadable(for: timeout)
  }

  func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received { .end }

  func waitUntilEnded(for timeout: Duration) -> Bool { carrier.waitUntilEnded(for: timeout) }

  func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent { Sent(bytes.count) }

  var unacknowledgedBytes: Int { 0 }
  var acknowledgedBytes: UInt64 { 0 }
  var isDelivered: Bool { true }
  var isBroken: Bool { carrier.isBroken }

  func shutdownReading() { carrier.shutdownReading() }
  // The answer is still to be sent.
  func shutdownWriting() {}
  func shutdownBoth() { carrier.shutdownReading() }
}
