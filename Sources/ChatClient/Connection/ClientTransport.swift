package import ChatSystem
internal import ChatTLS

/// A connection as the client needs it: bytes in and out, each way on a thread that may wait.
///
/// Thread: one receives, one sends; `shutdownBoth` any, which wakes both.
package protocol ClientTransport: Sendable {
  /// Waits until there is something to receive, the end included.
  ///
  /// - Returns: false if the time was over.
  func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool

  /// Waits until there is something to receive, or a signal, which goes first.
  func waitUntilReadable(
    for timeout: Duration, or wakeUp: borrowing WakeUp
  ) throws(SystemError) -> TCPTransport.Waking

  /// Receives what is there, without waiting. What is readable may be nothing yet: a part of a record of TLS.
  func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received

  /// Sends all of the bytes, waiting as long as it takes.
  func sendAll(_ bytes: Span<UInt8>) throws(SystemError)

  /// Ends both directions; what was not sent may be lost.
  func shutdownBoth()

  /// How many bytes were sent and are not acknowledged by the peer's system; 0 if unknown.
  var unacknowledgedBytes: Int { get }
}

extension TCPTransport: ClientTransport {}
extension TLSTransport: ClientTransport {}

extension ClientTransport {
  /// The same for bytes in an array.
  func sendAll(_ bytes: [UInt8]) throws(SystemError) { try sendAll(bytes.span) }
}
