package import ChatSystem

/// Turns lines into the bytes that go over a subscriber's transport, and counts both: positions in a log count lines'
/// bytes, transports count the wire's.
///
/// The two are the same today. A framing (a WebSocket's, say) is another encoder: it may accept fewer of the lines
/// than it was offered, and what it has accepted it carries through.
///
/// Confined to the thread that has the right to send.
package struct WireEncoder: Sendable {
  /// How many bytes the transport has accepted, and what was on its way at the beginning.
  package private(set) var wireBytes: UInt64 = 0

  /// Begins a stream.
  ///
  /// - Parameter wireBytes: how many bytes that were sent before have not reached the peer's system yet.
  package init(after wireBytes: UInt64 = 0) { self.wireBytes = wireBytes }

  /// Sends lines, or parts of some.
  ///
  /// - Parameter lines: go on where the last ones that were accepted ended.
  /// - Returns: how many bytes of the lines were accepted.
  package mutating func send(
    _ lines: UnsafeRawBufferPointer, over transport: any Transport
  ) throws(SystemError) -> Sent {
    let sent = try transport.send(lines)
    wireBytes += UInt64(sent.count)
    return sent
  }
}
