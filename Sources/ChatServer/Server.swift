package import ChatSystem
internal import ChatTLS

/// The chat server: it listens, gives each client a thread, and stops gracefully.
///
/// Thread: any.
package final class Server: Sendable {
  /// How long clients may take to read their last lines when the server stops.
  private static let stopLimit: Duration = .milliseconds(4_500)

  private let context: ServerContext
  private let listeners: ListenerGroup

  /// Where it listens, in the order asked for.
  package var addresses: [Address] { listeners.addresses }

  /// Where it could not listen, although it was asked to.
  package var failures: [ListenError] { listeners.failures }

  /// Listens; clients are served from `start` on.
  ///
  /// - Throws: `ListenError`, or `SystemError` if the system lacks memory or descriptors.
  package init(options: ServerOptions, log: EventLog) throws {
    listeners = try ListenerGroup(hosts: options.hosts, port: options.port)
    context = try ServerContext(options: options, log: log)
  }

  /// The fingerprint of the server's key, by which clients know it over TLS.
  package var fingerprint: String { context.identity.current.fingerprint.description }

  /// Reads the certificate again. Nobody is disconnected.
  ///
  /// - Throws: `TLSError`; the old one is used then as before.
  package func reloadCertificate() throws { try context.identity.reload(context.log) }

  /// Accepts clients from now on.
  ///
  /// - Throws: `SystemError` if the system has no thread for it.
  package func start() throws {
    for listener in listeners.listeners {
      let acceptor = Acceptor(listener: listener, server: context)
      try SystemThread.start(named: "acceptor") { acceptor.run() }
    }
  }

  /// Serves a client of HTTP until it is gone. Nothing is served over a WebSocket here.
  ///
  /// Thread: any, which it keeps.
  /// - Parameters:
  ///   - address: where it comes from, in numbers.
  ///   - isEncrypted: whether it came over TLS.
  package func serveHTTP(
    over transport: any Transport, from address: Address, isEncrypted: Bool = false,
    limits: HTTPTimeLimits = HTTPTimeLimits()
  ) {
    _ = HTTPSession(
      transport: transport, address: address, isEncrypted: isEncrypted, server: context,
      limits: limits
    ).run()
  }

  /// Stops: accepts no more clients, delivers what was said, tells everyone, and waits until they have read it, up to
  /// a limit.
  package func stop() {
    listeners.stop()
    context.rooms.close()
    context.connections.interruptAll(.shuttingDown)
    let everyone = context.connections.waitUntilNone(until: .now + Self.stopLimit)
    if !everyone { context.log.warning("not all clients read their last lines in time") }
    context.history?.finish()
  }
}
