internal import COpenSSL
package import ChatSystem
package import Dispatch

/// Handshakes (RFC 8446, section 4): a socket becomes a TLS connection.
extension TLSTransport {
  /// Shakes hands with a client.
  ///
  /// - Parameter places: one is taken for the work, and none while the client is waited for.
  /// - Throws: `TLSError`; the client was told why, if it speaks TLS.
  package static func accept(
    _ socket: TCPTransport, as identity: TLSIdentity, until deadline: MonotonicTime,
    places: DispatchSemaphore? = nil
  ) throws(TLSError) -> TLSTransport {
    let session = try makeSession(identity.context, socket)
    SSL_set_accept_state(session)
    do throws(TLSError) {
      try shakeHands(session, socket, until: deadline, places: places)
    } catch {
      SSL_free(session)
      throw error
    }
    return TLSTransport(session, over: socket)
  }

  /// Shakes hands with a server.
  ///
  /// - Parameters:
  ///   - host: the name or the address that the server is to prove it has.
  /// - Throws: `TLSError`. A server that can't be trusted is no error: `verdict` says so, and nothing may be said to it
  ///   before the caller has decided.
  package static func connect(
    _ socket: TCPTransport, to host: String, trusting trust: TLSTrust,
    until deadline: MonotonicTime
  ) throws(TLSError) -> (transport: TLSTransport, verdict: TLSTrust.Verdict) {
    let session = try makeSession(trust.context, socket)
    do throws(TLSError) {
      try trust.prepare(session, host)
      SSL_set_connect_state(session)
      try shakeHands(session, socket, until: deadline, checksAnswer: true)
      let verdict = try trust.verdict(on: session)
      return (TLSTransport(session, over: socket), verdict)
    } catch {
      SSL_free(session)
      throw error
    }
  }

  /// Looks at the first bytes that a server says: those of TLS are records of handshakes or alerts.
  ///
  /// - Returns: false if there are none yet.
  private static func checkAnswer(of socket: TCPTransport) throws(TLSError) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 1_024)
    guard case .bytes(let count)? = try? socket.peek(into: &bytes) else { return false }
    if [SSL3_RT_HANDSHAKE, SSL3_RT_ALERT].contains(CInt(bytes[0])) { return true }
    throw TLSError(
      .handshake, "the peer speaks no TLS", plainText: Array(bytes.prefix(count)))
  }

  private static func makeSession(
    _ context: OpaquePointer, _ socket: TCPTransport
  ) throws(TLSError) -> OpaquePointer {
    guard let session = SSL_new(context) else { throw TLSError(call: "SSL_new") }
    guard SSL_set_fd(session, socket.number) == 1 else {
      SSL_free(session)
      throw TLSError(call: "SSL_set_fd")
    }
    // OpenSSL reads and writes by itself, and must not wait.
    socket.neverWait()
    return session
  }

  private static func shakeHands(
    _ session: OpaquePointer, _ socket: TCPTransport, until deadline: MonotonicTime,
    checksAnswer: Bool = false, places: DispatchSemaphore? = nil
  ) throws(TLSError) {
    var checksAnswer = checksAnswer
    while true {
      if checksAnswer { checksAnswer = try !checkAnswer(of: socket) }
      places?.wait()
      ERR_clear_error()
      let result = SSL_do_handshake(session)
      places?.signal()
      if result == 1 { return }
      switch Outcome(of: session, result, "handshake") {
      case .done: return
      case .wouldBlock(let readiness):
        let left = deadline - .now
        let isReady = left > .zero ? try? socket.wait(for: readiness, left) : false
        guard isReady == true else {
          throw TLSError(.handshake, "the peer has not finished its handshake in time")
        }
      case .end: throw TLSError(.handshake, "the peer went away")
      case .failed(let error):
        guard ERR_peek_error() == 0 else { throw .handshake() }
        let isGone = error.code == SystemError.protocolError
        throw TLSError(.handshake, isGone ? "the peer went away" : error.reason)
      }
    }
  }
}
