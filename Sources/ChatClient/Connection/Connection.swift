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

  /// Connects.
  init(to address: Address) throws(ConnectionError) {
    // What is on its way when one side is killed has to be sent again: it is not much.
    let stream = try TCPTransport.connect(to: address, receiveBufferBytes: 196_608)
    // A line does not wait behind megabytes of a file.
    stream.keepUnsentBytes(below: 131_072, patience: .zero)
    // A server that vanished without a word is found out in two minutes.
    stream.detectLoss(idle: 60, interval: 15)
    self.stream = stream
    receiver = Receiver(stream: stream, clock: .monotonic)
  }

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
