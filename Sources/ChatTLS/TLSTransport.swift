internal import COpenSSL
package import ChatSystem
internal import Synchronization

/// A TLS connection over a TCP socket (an SSL).
///
/// One SSL is not made for two threads, and here one receives while another sends: a lock is held around each call into
/// OpenSSL, and never while anything is waited for.
///
/// A record that the system took in part is encrypted already. Its bytes count as accepted, `flush` hands the rest on,
/// and nothing else is encrypted before.
///
/// The end of the peer's stream is taken for its end whether or not the peer said so (close_notify): what is carried has
/// ends of its own.
///
/// Owns: the SSL and the socket.
///
/// Thread: as any `Transport`.
package final class TLSTransport: FileTransport {
  /// The most that one record holds (RFC 8446, section 5.1).
  private static let recordBytes = 16_384
  /// How much of a file is read at once.
  private static let fileBytes = 131_072
  /// How many handshake messages a peer may send after the handshake, and one more for each so many bytes: new keys
  /// cost more than they are worth to anyone.
  private static let freeMessages = 32
  private static let bytesPerMessage = 65_536
  /// What is offered in place of bytes that are encrypted already: OpenSSL looks at their number alone.
  private static let encryptedStandIn = [UInt8](repeating: 0, count: recordBytes)

  /// A connection, and what is known of it under the lock.
  private struct State: @unchecked Sendable {
    // Safety: the lock of the transport guards it.
    let session: OpaquePointer
    /// How many bytes were accepted whose record the system has not taken.
    var pendingBytes = 0
    /// The peer is to be told that nothing more comes, after what is pending.
    var isEnding = false
    /// It was told.
    var hasEnded = false
    /// Nothing can be sent or received any more: the peer broke the rules.
    var failure: SystemError?
    /// Nothing can be sent any more. What the peer has said before is received all the same.
    var sendFailure: SystemError?
    /// How many bytes were received, and how many handshake messages since the handshake.
    var receivedBytes = 0
    var messages: MessageCounter
  }

  /// Counts handshake messages. OpenSSL is given its address.
  private final class MessageCounter: @unchecked Sendable {
    // Safety: only OpenSSL's callback touches it, and `State`'s methods, all under the lock.
    var count = 0
  }

  /// The socket.
  package let socket: TCPTransport
  /// The protocol that both sides agreed on by name (RFC 7301), if any.
  package let agreedProtocol: String?

  private let state: Guarded<State>
  /// More may have been received from the socket than was handed over: OpenSSL has not said otherwise.
  private let mayHaveMore = Atomic<Bool>(true)
  /// Receiving goes on only when the socket is writable: OpenSSL has to answer first.
  private let receivingNeedsWriting = Atomic<Bool>(false)
  /// How long `sendFile` waits, in nanoseconds.
  private let patience = Atomic<Int64>(.max)

  /// Takes over a session after its handshake.
  init(_ session: OpaquePointer, over socket: TCPTransport) {
    self.socket = socket
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(session, &name, &count)
    agreedProtocol = name.map {
      String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
    }
    let messages = MessageCounter()
    state = Guarded(State(session: session, messages: messages))
    SSL_set_msg_callback(session) { isSent, _, kind, _, _, _, argument in
      guard isSent == 0, kind == SSL3_RT_HANDSHAKE, let argument else { return }
      Unmanaged<MessageCounter>.fromOpaque(argument).takeUnretainedValue().count += 1
    }
    // `State` keeps it alive as long as the session.
    copenssl_set_message_argument(session, Unmanaged.passUnretained(messages).toOpaque())
  }

  deinit { state.withLock { SSL_free($0.session) } }

  package var number: CInt { socket.number }

  // MARK: Receiving

  package var hasBufferedInput: Bool {
    mayHaveMore.load(ordering: .relaxed) && state.withLock { SSL_has_pending($0.session) == 1 }
  }

  package func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool {
    if hasBufferedInput { return true }
    return receivingNeedsWriting.load(ordering: .relaxed)
      ? try socket.waitUntilWritable(for: timeout) : try socket.waitUntilReadable(for: timeout)
  }

  /// Waits until there is something to receive, or a signal, which goes first.
  package func waitUntilReadable(
    for timeout: Duration, or wakeUp: borrowing WakeUp
  ) throws(SystemError) -> TCPTransport.Waking {
    if hasBufferedInput { return .readable }
    return try socket.waitUntilReadable(for: timeout, or: wakeUp)
  }

  package func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    try receive(into: &buffer, with: SSL_read_ex)
  }

  /// Receives what is there, waiting until something is.
  ///
  /// - Returns: how many bytes; 0 at the end of the stream.
  package func receive(into buffer: inout [UInt8]) throws(SystemError) -> Int {
    while true {
      switch try receiveIfReady(into: &buffer) {
      case .bytes(let count): return count
      case .end: return 0
      case .wouldBlock: _ = try waitUntilReadable(for: nil)
      }
    }
  }

  /// Copies what is there, without waiting: it is received again. What a second record holds is not seen.
  package func peek(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    try receive(into: &buffer, with: SSL_peek_ex)
  }

  private func receive(
    into buffer: inout [UInt8],
    with call: (OpaquePointer?, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<Int>?) -> CInt
  ) throws(SystemError) -> Received {
    var space = buffer.mutableSpan
    let received = try space.withUnsafeMutableBytes { bytes throws(SystemError) in
      try state.withLock { state throws(SystemError) -> Received in
        if let failure = state.failure { throw failure }
        var count = 0
        ERR_clear_error()
        let result = call(state.session, bytes.baseAddress, bytes.count, &count)
        let outcome = result == 1 ? Outcome.done : Outcome(of: state.session, result, "recv")
        try checkMessages(&state, received: count)
        switch outcome {
        case .done: return .bytes(count)
        case .wouldBlock(let readiness): return .wouldBlock(readiness)
        case .end: return .end
        case .failed(let error):
          state.failure = error
          throw error
        }
      }
    }
    let isBlocked = if case .wouldBlock = received { true } else { false }
    mayHaveMore.store(!isBlocked, ordering: .relaxed)
    receivingNeedsWriting.store(received == .wouldBlock(.writable), ordering: .relaxed)
    return received
  }

  /// Ends the connection if the peer sends handshake messages without end.
  private func checkMessages(_ state: inout State, received count: Int) throws(SystemError) {
    state.receivedBytes += count
    let allowed = Self.freeMessages + state.receivedBytes / Self.bytesPerMessage
    guard state.messages.count > allowed else { return }
    let failure = SystemError("SSL_read: too many new keys", code: SystemError.protocolError)
    state.failure = failure
    throw failure
  }

  package func waitUntilEnded(for timeout: Duration) -> Bool { socket.waitUntilEnded(for: timeout) }

  package func keepUnreadBytes(below limit: CInt) { socket.keepUnreadBytes(below: limit) }

  // MARK: Sending

  package func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent {
    try state.withLock { state throws(SystemError) -> Sent in
      var sent = 0
      if let readiness = try flush(&state) { return Sent(0, blockedOn: readiness) }
      while sent < bytes.count {
        let part = UnsafeRawBufferPointer(
          rebasing: bytes[sent..<min(bytes.count, sent + Self.recordBytes)])
        let outcome = try write(part.baseAddress, part.count, &state)
        sent += part.count
        if let readiness = outcome { return Sent(sent, blockedOn: readiness) }
      }
      return Sent(sent)
    }
  }

  package func flush() throws(SystemError) -> Readiness? {
    try state.withLock { state throws(SystemError) -> Readiness? in try flush(&state) }
  }

  private func flush(_ state: inout State) throws(SystemError) -> Readiness? {
    if let failure = state.failure ?? state.sendFailure { throw failure }
    if state.pendingBytes > 0 {
      let count = state.pendingBytes
      state.pendingBytes = 0
      let readiness = try Self.encryptedStandIn.span.withUnsafeBytes { bytes throws(SystemError) in
        try write(bytes.baseAddress, count, &state)
      }
      if let readiness { return readiness }
    }
    if state.isEnding { end(&state) }
    return nil
  }

  /// Encrypts bytes, and gives the system their record. They are accepted in any case.
  ///
  /// - Returns: what to wait for until the system can take the rest; `nil` if it has all of it.
  private func write(
    _ bytes: UnsafeRawPointer?, _ count: Int, _ state: inout State
  ) throws(SystemError) -> Readiness? {
    var written = 0
    ERR_clear_error()
    let result = SSL_write_ex(state.session, bytes, count, &written)
    guard result != 1 else { return nil }
    switch Outcome(of: state.session, result, "send") {
    case .done: return nil
    case .wouldBlock(let readiness):
      state.pendingBytes = count
      return readiness
    case .end:
      let error = SystemError("send", code: SystemError.brokenPipe)
      state.sendFailure = error
      throw error
    case .failed(let error):
      if error.code == SystemError.protocolError {
        state.failure = error
      } else {
        state.sendFailure = error
      }
      throw error
    }
  }

  /// Sends all of the bytes, waiting as long as it takes.
  package func sendAll(_ bytes: Span<UInt8>) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      let part = try bytes.extracting(sent...).withUnsafeBytes { part throws(SystemError) in
        try send(part)
      }
      sent += part.count
      var blocked = part.blockedOn
      while let readiness = blocked {
        _ = try socket.wait(for: readiness, nil)
        blocked = try flush()
      }
    }
  }

  // MARK: Sending files

  package var fileTransport: (any FileTransport)? { self }

  package func keepUnsentBytes(below limit: CInt, patience: Duration) {
    socket.keepUnsentBytes(below: limit, patience: patience)
    self.patience.store(
      patience == .zero ? .max : Int64(patience / .nanoseconds(1)), ordering: .relaxed)
  }

  package func sendFile(_ file: CInt, from offset: UInt64, count: Int) throws(SystemError) -> Int? {
    let bytes = try RegularFile.bytes(of: file, at: offset, count: min(count, Self.fileBytes))
    guard !bytes.isEmpty else { throw SystemError("pread", code: SystemError.inputOutput) }
    let nanoseconds = patience.load(ordering: .relaxed)
    let timeout: Duration? = nanoseconds == .max ? nil : .nanoseconds(nanoseconds)
    while true {
      // The socket is writable once little of what it has is not sent yet.
      guard try socket.waitUntilWritable(for: timeout) else { return nil }
      let sent = try bytes.span.withUnsafeBytes { bytes throws(SystemError) in try send(bytes) }
      if sent.count > 0 { return sent.count }
      if sent.blockedOn == .readable { _ = try socket.waitUntilReadable(for: timeout) }
    }
  }

  // MARK: How it is

  /// Counts the bytes of records, which are a little more than those they carry, and what is pending.
  package var unacknowledgedBytes: Int {
    socket.unacknowledgedBytes + state.withLock { $0.pendingBytes }
  }

  package var acknowledgedBytes: UInt64 { socket.acknowledgedBytes }

  package var isDelivered: Bool {
    socket.isBroken || (socket.isDelivered && state.withLock { $0.pendingBytes == 0 })
  }

  package var isBroken: Bool { socket.isBroken }

  // MARK: Ending

  package func shutdownReading() { socket.shutdownReading() }

  /// Tells the peer that nothing more comes (close_notify), and ends the socket's side, as soon as nothing is pending.
  package func shutdownWriting() {
    state.withLock { state in
      state.isEnding = true
      _ = try? flush(&state)
    }
  }

  private func end(_ state: inout State) {
    guard !state.hasEnded else { return }
    state.hasEnded = true
    ERR_clear_error()
    // Where the system does not take it, the end of the socket's side says the same.
    _ = SSL_shutdown(state.session)
    socket.shutdownWriting()
  }

  package func shutdownBoth() { socket.shutdownBoth() }
}

/// What a call into OpenSSL came to (SSL_get_error(3)).
enum Outcome {
  case done
  case wouldBlock(Readiness)
  case end
  case failed(SystemError)

  /// - Parameter result: what the call returned. Nothing may come between it and this.
  init(of session: OpaquePointer, _ result: CInt, _ call: String) {
    let systemError = SystemError(call)
    switch SSL_get_error(session, result) {
    case SSL_ERROR_NONE: self = .done
    case SSL_ERROR_WANT_READ: self = .wouldBlock(.readable)
    case SSL_ERROR_WANT_WRITE: self = .wouldBlock(.writable)
    case SSL_ERROR_ZERO_RETURN: self = .end
    case SSL_ERROR_SYSCALL where systemError.code != 0: self = .failed(systemError)
    default: self = .failed(SystemError(call, code: SystemError.protocolError))
    }
  }
}
