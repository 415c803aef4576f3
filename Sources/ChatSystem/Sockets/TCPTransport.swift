internal import CLinux
internal import Glibc

/// A connected TCP socket: what it has accepted, the system has.
///
/// Thread: any; the system orders the calls.
package final class TCPTransport: FileTransport {
  /// POLLRDHUP (poll(2)), on every Linux but sparc's; Glibc's module lacks it.
  private static let readingHangUp: Int16 = 0x2000

  private let descriptor: Descriptor

  /// Takes over a connected socket.
  package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// The descriptor's number, to watch it with epoll(7). Valid while this object lives.
  package var number: CInt { descriptor.number }

  /// The address by which the peer came, in numbers; `nil` if the system does not say.
  package var localAddress: Address? { (try? SocketAddress(of: number))?.numeric }

  // MARK: Options

  /// tcp(7), TCP_NODELAY: small pieces go out at once; we make large ones ourselves.
  package func sendAtOnce() {
    set(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// Finds out about a peer that vanished without a word (tcp(7)): after `idle` seconds of silence
  /// it is asked every `interval` seconds, and given up after four questions unanswered.
  package func detectLoss(idle: CInt, interval: CInt) {
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(CInt(IPPROTO_TCP), TCP_KEEPIDLE, idle)
    set(CInt(IPPROTO_TCP), TCP_KEEPINTVL, interval)
    set(CInt(IPPROTO_TCP), TCP_KEEPCNT, 4)
  }

  /// Has the system take no more than so many bytes that it has not sent yet (tcp(7), TCP_NOTSENT_LOWAT): what is
  /// sent next does not wait behind megabytes. Sends that wait give up when nothing was taken for so long.
  package func keepUnsentBytes(below limit: CInt, patience: Duration) {
    set(CInt(IPPROTO_TCP), CInt(CLINUX_TCP_NOTSENT_LOWAT), limit)
    let (seconds, attoseconds) = patience.components
    var time = timeval(
      tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    _ = setsockopt(
      number, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Bounds what the system receives before we read it (socket(7), SO_RCVBUF): so much may be lost on its way when
  /// either side is killed. Before connecting, or before much has come.
  package func keepUnreadBytes(below limit: CInt) { set(SOL_SOCKET, SO_RCVBUF, limit) }

  /// Has no call wait any more, whoever makes it (fcntl(2), O_NONBLOCK).
  package func neverWait() {
    let flags = fcntl(number, F_GETFL)
    if flags >= 0 { _ = fcntl(number, F_SETFL, flags | O_NONBLOCK) }
  }

  private func set(_ level: CInt, _ option: CInt, _ value: CInt) {
    // An option refused costs speed or patience, never correctness: nothing to report.
    var value = value
    _ = setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
  }

  // MARK: Receiving

  /// Waits until there is something to receive, the end included.
  ///
  /// - Returns: false if the time was over. Without a timeout it waits as long as it takes.
  package func waitUntilReadable(for timeout: Duration?) throws(SystemError) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return try system("poll") { poll(&entry, 1, timeout?.pollMilliseconds ?? -1) } > 0
  }

  /// Waits until bytes can be sent, or the connection is broken.
  ///
  /// - Returns: false if the time was over. Without a timeout it waits as long as it takes.
  package func waitUntilWritable(for timeout: Duration?) throws(SystemError) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    return try system("poll") { poll(&entry, 1, timeout?.pollMilliseconds ?? -1) } > 0
  }

  /// Waits for either.
  package func wait(for readiness: Readiness, _ timeout: Duration?) throws(SystemError) -> Bool {
    switch readiness {
    case .readable: try waitUntilReadable(for: timeout)
    case .writable: try waitUntilWritable(for: timeout)
    }
  }

  /// Waits until the peer has ended its side of the stream, or the connection is broken, or receiving was ended here.
  ///
  /// - Returns: false if the time was over.
  package func waitUntilEnded(for timeout: Duration) -> Bool {
    Self.waitUntilEnded(number, for: timeout)
  }

  /// The same for a socket that a library owns.
  package static func waitUntilEnded(_ number: CInt, for timeout: Duration) -> Bool {
    // poll(2): it tells of errors and of a connection that is gone without being asked.
    var entry = pollfd(fd: number, events: readingHangUp, revents: 0)
    let ready = try? system("poll") { poll(&entry, 1, timeout.pollMilliseconds) }
    // A library may have closed it: then nothing is known of it.
    return ready != 0 && entry.revents & Int16(POLLNVAL) == 0
  }

  /// What ended a wait.
  package enum Waking: Sendable {
    /// There is something to receive, the end included.
    case readable
    /// There was a signal.
    case signalled
    /// The time was over.
    case timeOver
  }

  /// Waits until there is something to receive, or a signal, which goes first.
  package func waitUntilReadable(
    for timeout: Duration, or wakeUp: borrowing WakeUp
  ) throws(SystemError) -> Waking {
    var entries = (
      pollfd(fd: wakeUp.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    )
    let ready = try system("poll") {
      // Safety: a tuple of two of one type lies in memory as an array of them does.
      withUnsafeMutableBytes(of: &entries) {
        poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, timeout.pollMilliseconds)
      }
    }
    guard ready > 0 else { return .timeOver }
    return entries.0.revents != 0 ? .signalled : .readable
  }

  /// Receives what is there, waiting until something is.
  ///
  /// - Returns: how many bytes; 0 at the end of the stream.
  package func receive(into buffer: inout [UInt8]) throws(SystemError) -> Int {
    try receive(into: &buffer, flags: 0)
  }

  /// Receives what is there without waiting.
  package func receiveIfReady(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    try receiveIfReady(into: &buffer, flags: 0)
  }

  private func receiveIfReady(
    into buffer: inout [UInt8], flags: CInt
  ) throws(SystemError) -> Received {
    do {
      let count = try receive(into: &buffer, flags: flags | CInt(MSG_DONTWAIT))
      return count > 0 ? .bytes(count) : .end
    } catch {
      if error.code == EAGAIN { return .wouldBlock(.readable) }
      throw error
    }
  }

  /// Waits until more than so many bytes can be received, or the end has come.
  ///
  /// - Returns: false if the time was over.
  package func waitUntilReadable(
    moreThan count: Int, for timeout: Duration
  ) throws(SystemError) -> Bool {
    // socket(7): poll(2) waits for so many, or the end.
    if count > 0 { set(SOL_SOCKET, SO_RCVLOWAT, CInt(clamping: count + 1)) }
    defer { if count > 0 { set(SOL_SOCKET, SO_RCVLOWAT, 1) } }
    return try waitUntilReadable(for: max(.zero, timeout))
  }

  /// Copies what is there, without waiting (recv(2), MSG_PEEK): it is received again.
  package func peek(into buffer: inout [UInt8]) throws(SystemError) -> Received {
    try receiveIfReady(into: &buffer, flags: CInt(MSG_PEEK))
  }

  private func receive(into buffer: inout [UInt8], flags: CInt) throws(SystemError) -> Int {
    var space = buffer.mutableSpan
    return try space.withUnsafeMutableBytes { bytes throws(SystemError) in
      try system("recv") { recv(number, bytes.baseAddress, bytes.count, flags) }
    }
  }

  // MARK: Sending

  /// Gives the system as many of the bytes as it takes now.
  package func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Sent {
    do throws(SystemError) {
      let count = try system("send") {
        Glibc.send(
          number, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
      }
      return Sent(count, blockedOn: count < bytes.count ? .writable : nil)
    } catch {
      if error.code == EAGAIN { return Sent(0, blockedOn: .writable) }
      throw error
    }
  }

  /// Limit: of the pieces that one call takes.
  package static let mostPieces = 32

  /// Gives the system as many bytes of several pieces, one after the other, as it takes now (sendmsg(2)).
  ///
  /// - Parameter pieces: at most `mostPieces`. They must stay valid for the call.
  /// - Returns: how many bytes it took; 0 if none now.
  package func send(pieces: Span<UnsafeRawBufferPointer>) throws(SystemError) -> Int {
    var vectors = InlineArray<32, iovec>(repeating: iovec())
    for index in pieces.indices {
      vectors[index] = iovec(
        iov_base: UnsafeMutableRawPointer(mutating: pieces[index].baseAddress),
        iov_len: pieces[index].count)
    }
    var space = vectors.mutableSpan
    do throws(SystemError) {
      return try space.withUnsafeMutableBufferPointer { vectors throws(SystemError) in
        var message = msghdr()
        (message.msg_iov, message.msg_iovlen) = (vectors.baseAddress, pieces.count)
        return try system("sendmsg") {
          sendmsg(number, &message, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
      }
    } catch {
      if error.code == EAGAIN { return 0 }
      throw error
    }
  }

  /// Itself: sendfile(2) takes any socket.
  package var fileTransport: (any FileTransport)? { self }

  /// Gives the system all of the bytes, waiting as long as it takes.
  package func sendAll(_ bytes: [UInt8]) throws(SystemError) { try sendAll(bytes.span) }

  /// The same for bytes that lie elsewhere.
  package func sendAll(_ bytes: Span<UInt8>) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      sent += try bytes.withUnsafeBytes { all throws(SystemError) in
        try system("send") {
          Glibc.send(
            number, all.baseAddress?.advanced(by: sent), all.count - sent,
            CInt(MSG_NOSIGNAL))
        }
      }
    }
  }

  /// Gives the system a part of a file (sendfile(2)), waiting for as long as the socket has patience (`keepUnsentBytes`):
  /// the bytes do not come to us. SIGPIPE has to be ignored.
  ///
  /// - Returns: how many bytes it took; `nil` if the time was over.
  /// - Throws: `SystemError`, EIO where the file has no such part any more.
  package func sendFile(_ file: CInt, from offset: UInt64, count: Int) throws(SystemError) -> Int? {
    var position = off_t(offset)
    let sent: Int
    do throws(SystemError) {
      sent = try system("sendfile") { sendfile(number, file, &position, count) }
    } catch {
      if error.code == EAGAIN { return nil }
      throw error
    }
    guard sent > 0 else { throw SystemError("sendfile", code: EIO) }
    return sent
  }

  /// How many bytes the system has taken and the peer's has not acknowledged; 0 if unknown.
  package var unacknowledgedBytes: Int { Int(max(0, clinux_unacknowledged_bytes(number))) }

  /// How many bytes the peer's system has acknowledged since the connection began, whoever sent them; 0 if unknown.
  package var acknowledgedBytes: UInt64 { UInt64(max(0, clinux_acknowledged_bytes(number))) }

  /// Whether the peer has everything that was sent, or never will: its system has acknowledged all
  /// bytes, or the connection is broken (poll(2), POLLHUP and POLLERR).
  package var isDelivered: Bool {
    var entry = pollfd(fd: number, events: 0, revents: 0)
    return unacknowledgedBytes == 0 || poll(&entry, 1, 0) > 0
  }

  /// Whether the connection is broken: the peer has closed it and takes nothing any more, or it was lost (poll(2),
  /// POLLHUP and POLLERR). A peer that has ended its side alone still wants what it is owed, and one that has closed
  /// looks the same until something was sent to it.
  package var isBroken: Bool {
    var entry = pollfd(fd: number, events: 0, revents: 0)
    return poll(&entry, 1, 0) > 0
  }

  // MARK: Ending

  /// Ends receiving here: whoever waits for input wakes and, once what had arrived is read, sees
  /// the end. What the peer sends later is still accepted by the system.
  package func shutdownReading() { _ = shutdown(number, CInt(SHUT_RD)) }

  /// Ends sending: the peer sees the end after everything sent.
  package func shutdownWriting() { _ = shutdown(number, CInt(SHUT_WR)) }

  /// Ends both; what was not sent may be lost.
  package func shutdownBoth() { _ = shutdown(number, CInt(SHUT_RDWR)) }
}

/// A server that could not be reached.
package struct ConnectionError: Error, Equatable, CustomStringConvertible {
  /// Where it should have been.
  package let address: Address
  /// In the system's words.
  package let reason: String
  /// The machine was reached, and nothing listens there.
  package var isRefused = false

  /// For a person.
  package var description: String { "cannot connect to \(address): \(reason)" }
}
