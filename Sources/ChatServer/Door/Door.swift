internal import ChatSystem
internal import ChatTLS

/// Finds out what a connection speaks from its first bytes, and serves it: the talk, TLS, or HTTP.
///
/// Thread: the connection's own. It costs no more than that thread while it waits.
struct Door {
  /// How long one TLS handshake may take.
  private static let handshakeTime: Duration = .seconds(10)

  private let connection: Connection
  private let server: ServerContext

  init(_ connection: Connection, _ server: ServerContext) {
    (self.connection, self.server) = (connection, server)
  }

  /// Serves the connection until it is gone.
  func run() {
    let socket = connection.transport
    switch finding(in: socket) {
    case .talk, .needMore: serveTalk(over: socket, isEncrypted: false)
    case .http: serveHTTP(over: socket, isEncrypted: false)
    case .tls: serveTLS()
    case .foreign(let name): turnAway("it speaks \(name)")
    }
  }

  // MARK: The first bytes

  /// Looks at the first bytes, which stay where they are, until it is known what they are, or the time is over.
  private func finding(in socket: TCPTransport) -> ProtocolDetector.Finding {
    let deadline = MonotonicTime.now + server.options.greetingDelay(for: connection.address)
    var (count, finding) = (0, ProtocolDetector.Finding.needMore)
    while finding == .needMore {
      // Who says nothing holds no buffer. What is wrong with the connection shows where it is received from.
      guard let isReady = try? socket.waitUntilReadable(moreThan: count, for: deadline - .now),
        isReady, let buffers = try? server.buffers.take()
      else { break }
      defer { server.buffers.give(buffers) }
      guard case .bytes(let found)? = try? socket.peek(into: &buffers.input), found > count else {
        break
      }
      count = found
      finding = Self.finding(in: buffers, count: found)
    }
    return finding
  }

  private static func finding(in buffers: WorkBuffers, count: Int) -> ProtocolDetector.Finding {
    let bytes = buffers.input
    return ProtocolDetector.finding(
      in: bytes.span.extracting(0..<min(count, ProtocolDetector.windowBytes)))
  }

  /// The same inside TLS, of the first record: a request comes in one.
  private func finding(in transport: TLSTransport) -> ProtocolDetector.Finding {
    let deadline = MonotonicTime.now + server.options.greetingDelay(for: connection.address)
    while true {
      let left = deadline - .now
      guard left > .zero, (try? transport.waitUntilReadable(for: left)) == true,
        let buffers = try? server.buffers.take()
      else { return .talk }
      defer { server.buffers.give(buffers) }
      switch try? transport.peek(into: &buffers.input) {
      case .bytes(let count): return Self.finding(in: buffers, count: count)
      // A part of a record, or a message of TLS itself: the socket is readable when there is more.
      case .wouldBlock(.readable): continue
      case .wouldBlock(.writable), .end, nil: return .talk
      }
    }
  }

  // MARK: What they are

  private func serveTalk(over transport: any Transport, isEncrypted: Bool) {
    let peer = connection.beginTalk(over: transport, links: links(isEncrypted: isEncrypted))
    if needsTLS, !isEncrypted { peer.interrupt(.tlsRequired) }
    Session(peer: peer, server: server, isEncrypted: isEncrypted).run()
  }

  private func serveHTTP(over transport: any Transport, isEncrypted: Bool) {
    guard server.options.servesHTTP else { return turnAway("it speaks HTTP (--no-http)") }
    let first = HTTPSession(
      transport: transport, address: connection.address, isEncrypted: isEncrypted, server: server,
      needsTLS: needsTLS && !isEncrypted,
      isInterrupted: { [connection] in connection.isInterrupted }
    ).run()
    guard let first else { return }
    let socket = WebSocketTransport(over: transport, first: first)
    let peer = connection.beginTalk(over: socket, links: links(isEncrypted: isEncrypted))
    // Raw bytes of files have no place in text messages.
    peer.speaksVersion1 = true
    Session(peer: peer, server: server, isEncrypted: isEncrypted).run()
  }

  /// The links to files for a client of the talk.
  private func links(isEncrypted: Bool) -> FileLinks? {
    guard server.options.servesHTTP, server.files != nil else { return nil }
    return connection.transport.localAddress.map {
      FileLinks(to: $0, isEncrypted: isEncrypted || needsTLS)
    }
  }

  private func serveTLS() {
    let transport: TLSTransport
    do throws(TLSError) {
      transport = try TLSTransport.accept(
        connection.transport, as: server.identity.current, until: .now + Self.handshakeTime,
        places: server.handshakePlaces)
    } catch { return turnAway("TLS: \(error)") }
    switch transport.agreedProtocol {
    case "chat": serveTalk(over: transport, isEncrypted: true)
    case "http/1.1", "http/1.0": serveHTTP(over: transport, isEncrypted: true)
    default:
      switch finding(in: transport) {
      case .http: serveHTTP(over: transport, isEncrypted: true)
      case .talk, .needMore: serveTalk(over: transport, isEncrypted: true)
      case .tls: turnAway("it speaks TLS inside TLS")
      case .foreign(let name): turnAway("it speaks \(name)")
      }
    }
  }

  /// Whether it has to come with TLS: from another machine, where the server says so.
  private var needsTLS: Bool { server.options.needsTLS && !connection.address.isLoopback }

  private func turnAway(_ reason: String) {
    server.log.info("\(connection.address) left: \(reason)")
  }
}
