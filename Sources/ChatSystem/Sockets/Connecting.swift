internal import CLinux
internal import Glibc

extension TCPTransport {
  /// Connects to the first of an address's sockets that answers (RFC 8305, "Happy Eyeballs"): the families take turns,
  /// each next one is tried when the one before has failed, or not answered for a while, and goes on meanwhile.
  ///
  /// - Parameters:
  ///   - places: what the address stands for, in numbers, in order of preference; without it the resolver is asked.
  ///   - timeout: how long all of it may take, but for the resolver; the system alone would wait two minutes for each.
  ///   - receiveBufferBytes: how much the system takes in before it is received (socket(7), SO_RCVBUF).
  /// - Throws: `ConnectionError` with the last one's reason.
  package static func connect(
    to address: Address, at places: [Address]? = nil, timeout: Duration = .seconds(10),
    receiveBufferBytes: CInt? = nil
  ) throws(ConnectionError) -> TCPTransport {
    var candidates: [SocketAddress] = []
    do {
      for place in places ?? [address] { candidates += try place.resolved(toListen: false) }
    } catch {
      throw ConnectionError(address: address, reason: error.reason)
    }
    guard !candidates.isEmpty else { throw ConnectionError(address: address, reason: "no address") }
    var race = ConnectionRace(
      ConnectionRace.interleaved(candidates, by: \.family), until: .now + timeout,
      receiveBufferBytes: receiveBufferBytes)
    do { return try race.run() } catch {
      throw ConnectionError(
        address: address, reason: error.reason, isRefused: error.code == ECONNREFUSED)
    }
  }
}

/// Several sockets that connect, of which the first that succeeds wins; the others are closed.
package struct ConnectionRace: ~Copyable {
  /// How long one goes on alone (RFC 8305, 5).
  private static let delay: Duration = .milliseconds(250)

  private var waiting: ArraySlice<SocketAddress>
  private let deadline: MonotonicTime
  private let receiveBufferBytes: CInt?
  private var open: [TCPTransport] = []
  private var nextStart = MonotonicTime.now
  private var failure = SystemError("connect", code: ETIMEDOUT)

  init(_ candidates: [SocketAddress], until deadline: MonotonicTime, receiveBufferBytes: CInt?) {
    waiting = candidates[...]
    self.deadline = deadline
    self.receiveBufferBytes = receiveBufferBytes
  }

  /// Lets the families take turns, beginning with the first one's; inside a family the order stays.
  package static func interleaved<Candidate, Family: Equatable>(
    _ candidates: [Candidate], by family: (Candidate) -> Family
  ) -> [Candidate] {
    guard let first = candidates.first.map(family) else { return [] }
    let preferred = candidates.filter { family($0) == first }
    let others = candidates.filter { family($0) != first }
    return (0..<max(preferred.count, others.count)).flatMap {
      preferred.dropFirst($0).prefix(1) + others.dropFirst($0).prefix(1)
    }
  }

  /// Connects.
  mutating func run() throws(SystemError) -> TCPTransport {
    while .now < deadline {
      if open.isEmpty || .now >= nextStart, let candidate = waiting.popFirst() {
        nextStart = .now + Self.delay
        do throws(SystemError) {
          let (stream, isConnected) = try begin(candidate)
          if isConnected { return try won(by: stream) }
          open.append(stream)
        } catch {
          (failure, nextStart) = (error, .now)
          continue
        }
      }
      guard !open.isEmpty else {
        if waiting.isEmpty { throw failure }
        continue
      }
      if let winner = try wait(until: waiting.isEmpty ? deadline : min(deadline, nextStart)) {
        return try won(by: winner)
      }
    }
    throw SystemError("connect", code: ETIMEDOUT)
  }

  private func begin(
    _ address: SocketAddress
  ) throws(SystemError) -> (stream: TCPTransport, isConnected: Bool) {
    let type = CInt(SOCK_STREAM.rawValue) | CInt(CLINUX_SOCK_CLOEXEC)
    let number = try system("socket") { socket(address.family, type, 0) }
    let stream = TCPTransport(Descriptor(owning: number))
    // tcp(7): the window that the peer is told depends on it from the beginning.
    if let receiveBufferBytes { stream.keepUnreadBytes(below: receiveBufferBytes) }
    try stream.setBlocking(false)
    do throws(SystemError) {
      try address.withPointer { pointer, length throws(SystemError) in
        _ = try system("connect") { Glibc.connect(number, pointer, length) }
      }
      return (stream, true)
    } catch {
      guard error.code == EINPROGRESS else { throw error }
      return (stream, false)
    }
  }

  /// Waits until one is connected, one has failed, or the time is over. connect(2), EINPROGRESS: once a socket is
  /// writable, SO_ERROR says how it went.
  private mutating func wait(until end: MonotonicTime) throws(SystemError) -> TCPTransport? {
    var entries = open.map { pollfd(fd: $0.number, events: Int16(POLLOUT), revents: 0) }
    let timeout = max(.zero, end - .now).pollMilliseconds
    try system("poll") { poll(&entries, nfds_t(entries.count), timeout) }
    for (entry, stream) in zip(entries, open) where entry.revents != 0 {
      var code: CInt = 0
      var size = socklen_t(MemoryLayout<CInt>.size)
      try system("getsockopt") { getsockopt(entry.fd, SOL_SOCKET, SO_ERROR, &code, &size) }
      if code == 0 { return stream }
      failure = SystemError("connect", code: code)
      open.removeAll { $0 === stream }
      nextStart = .now
    }
    return nil
  }

  private func won(by stream: TCPTransport) throws(SystemError) -> TCPTransport {
    try stream.setBlocking(true)
    stream.sendAtOnce()
    return stream
  }
}

extension TCPTransport {
  fileprivate func setBlocking(_ isBlocking: Bool) throws(SystemError) {
    let flags = try system("fcntl") { fcntl(number, F_GETFL) }
    let new = isBlocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK
    try system("fcntl") { fcntl(number, F_SETFL, new) }
  }
}
