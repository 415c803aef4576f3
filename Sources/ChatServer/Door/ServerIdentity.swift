internal import ChatSystem
internal import ChatTLS

/// Who the server is to those who come with TLS: the certificate of its operator, or one of its own.
///
/// Thread: any.
final class ServerIdentity: Sendable {
  private let options: ServerOptions
  private let folder: FilePath?
  private let state: Guarded<State>

  private struct State {
    var identity: TLSIdentity
    /// `nil` with a certificate of the operator's.
    var authority: AuthorityCertificate?
  }

  /// Reads the certificate, or makes one.
  ///
  /// - Parameter folder: where its own is kept; `nil` where nothing is.
  /// - Throws: `TLSError`.
  init(_ options: ServerOptions, folder: FilePath?, log: EventLog) throws(TLSError) {
    (self.options, self.folder) = (options, folder)
    state = Guarded(try Self.read(options, folder, log))
  }

  /// Who it is at the moment.
  var current: TLSIdentity { state.withLock { $0.identity } }

  /// Who vouches for it at the moment; `nil` with a certificate of the operator's.
  var authority: AuthorityCertificate? { state.withLock { $0.authority } }

  /// Reads the certificate again: whoever comes from now on is shown it; who is connected stays so.
  ///
  /// - Throws: `TLSError`; the old one is used then as before.
  func reload(_ log: EventLog) throws(TLSError) {
    let next = try Self.read(options, folder, log)
    state.withLock { $0 = next }
  }

  private static func read(
    _ options: ServerOptions, _ folder: FilePath?, _ log: EventLog
  ) throws(TLSError) -> State {
    if let certificate = options.tlsCertificate, let key = options.tlsKey {
      let identity = try TLSIdentity(certificate: certificate, key: key)
      if let warning = identity.warning { log.warning(warning) }
      return State(identity: identity)
    }
    let host = Process.hostName.lowercased()
    let addresses = Address.ofThisMachine(port: options.port).map { address in
      // An interface's name may follow.
      String(address.host.prefix { $0 != "%" })
    }
    let own = try OwnCertificate(
      in: folder, host: host.isEmpty ? "this machine" : host,
      names: ["localhost", host, "\(host).local"] + options.hosts,
      addresses: ["127.0.0.1", "::1"] + addresses)
    for warning in own.warnings { log.warning(warning) }
    return State(identity: own.identity, authority: own.authority)
  }
}
