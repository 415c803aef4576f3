/// A connection, whatever carries its bytes: TCP, or what is built on it.
///
/// **Accepted is committed.** Bytes that `send` has accepted are never offered again, neither the same nor others: a
/// transport that encrypts has made a record of them already. It may still hold them; then it says so, and
/// `flush` hands them on.
///
/// Thread: one receives, one at a time sends; whoever sends may change. The rest is for any thread. Nobody closes a
/// transport: it closes when its last owner lets go. To wake a thread that waits in it, call `shutdownReading`.
package protocol Transport: AnyObject, Sendable {
  /// The descriptor to watch with epoll(7). Valid while the transport lives.
  var number: CInt { get }

  // MARK: Receiving

  /// Whether bytes were received that `receiveIfReady` has not returned yet, and poll(2) knows nothing of.
  var hasBufferedInput: Bool { get }

  /// Waits until there is something to receive, the end included.
  ///
  /// - Returns: false if the time was over. Without a timeout it waits as long as it takes.
  func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool

  /// Receives what is there without waiting.
  ///
  /// - Parameter buffer: takes the bytes, from its beginning on; not empty.
  func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received

  /// Whether bytes may still come from the peer though `receiveIfReady` has told the end: they are dropped there.
  ///
  /// Thread: the one that receives.
  var hasOpenInput: Bool { get }

  /// Waits until the peer has ended its side, or the connection is broken, or receiving was ended here.
  ///
  /// - Returns: false if the time was over.
  func waitUntilEnded(for timeout: Duration) -> Bool

  /// Bounds what the system receives before it is read: so much may be lost when either side is killed.
  func keepUnreadBytes(below limit: CInt)

  // MARK: Sending

  /// Accepts as many of the bytes as can be had without waiting.
  func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent

  /// Hands on what was accepted and is still held.
  ///
  /// - Returns: what to wait for before it is called again; `nil` if nothing is held.
  func flush() throws(SystemError) -> Readiness?

  /// What sends files without copying them (sendfile(2)); `nil` where that is impossible.
  var fileTransport: (any FileTransport)? { get }

  // MARK: How it is

  /// How many bytes the system has taken and the peer's has not acknowledged; 0 if unknown.
  var unacknowledgedBytes: Int { get }

  /// How many bytes the peer's system has acknowledged since the connection began, whoever sent them; 0 if unknown.
  var acknowledgedBytes: UInt64 { get }

  /// Whether the peer has everything that was sent, or never will.
  var isDelivered: Bool { get }

  /// Whether the connection is broken: the peer has closed it and reads nothing any more, or it was lost.
  var isBroken: Bool { get }

  // MARK: Ending

  /// Tells the peer, in the words of what is spoken over the connection, that nothing more comes. Only the thread that may
  /// send calls it. Where there are no such words, nothing is said.
  func sayEnd(_ end: StreamEnd)

  /// Ends receiving here, and wakes a thread that waits for input.
  func shutdownReading()

  /// Ends sending: the peer sees the end after everything sent.
  func shutdownWriting()

  /// Ends both; what was not sent may be lost.
  func shutdownBoth()
}

extension Transport {
  package var hasBufferedInput: Bool { false }
  package var hasOpenInput: Bool { false }
  package func flush() throws(SystemError) -> Readiness? { nil }
  package var fileTransport: (any FileTransport)? { nil }
  package func keepUnreadBytes(below limit: CInt) {}
  package func sayEnd(_ end: StreamEnd) {}
}

/// How a stream ends.
package enum StreamEnd: Sendable, Equatable {
  /// One of both wanted it.
  case wanted
  /// This side stops.
  case goingAway
  /// What the peer did is not allowed, or there is no place for it.
  case refused
  /// The peer did not read.
  case tooSlow
}

/// What has to come before a transport can go on.
package enum Readiness: Sendable, Equatable {
  /// Its descriptor becomes readable.
  case readable
  /// Its descriptor becomes writable.
  case writable
}

/// What receiving came to.
package enum Received: Sendable, Equatable {
  /// So many bytes, at least one.
  case bytes(Int)
  /// The peer has ended its side; there is nothing more.
  case end
  /// Nothing now.
  case wouldBlock(Readiness)
}

/// What sending came to.
package struct Sent: Sendable, Equatable {
  /// How many bytes were accepted: the caller is done with them.
  package let count: Int
  /// What to wait for before anything more is accepted; `nil` if more is accepted at once.
  package let blockedOn: Readiness?

  /// Describes what was sent.
  package init(_ count: Int, blockedOn: Readiness? = nil) {
    (self.count, self.blockedOn) = (count, blockedOn)
  }
}

/// A transport that sends files as they lie on the disk.
package protocol FileTransport: Transport {
  /// Has the system take no more than so many bytes that it has not sent yet: what is sent next does not wait behind
  /// megabytes. Sends that wait give up when nothing was taken for so long.
  func keepUnsentBytes(below limit: CInt, patience: Duration)

  /// Sends a part of a file, waiting for as long as it has patience (`keepUnsentBytes`).
  ///
  /// - Returns: how many bytes were taken; `nil` if the time was over.
  /// - Throws: `SystemError`, EIO where the file has no such part any more.
  func sendFile(_ file: CInt, from offset: UInt64, count: Int) throws(SystemError) -> Int?
}
