internal import ChatCore
internal import ChatSystem

/// One connection to the server: what comes in is read as lines.
///
/// Thread: one at a time. After the handshake the write thread sends, over `stream`.
package final class Connection: Sendable {
  /// Shared with the write thread.
  let stream: any ClientTransport
  /// The lines that come in.
  let receiver: Receiver

  /// Takes over a connection that has been made.
  package init(over stream: any ClientTransport, clock: ClientClock = .monotonic) {
    self.stream = stream
    receiver = Receiver(stream: stream, clock: clock)
  }

  /// Sends a line of the handshake. If the connection is gone, the next receive finds out.
  func send(_ line: TaggedLine) { try? stream.sendAll(line.encoded()) }

  /// The same without a tag, with its LF.
  func send(_ line: String) { try? stream.sendAll(Array(line.utf8)) }
}
