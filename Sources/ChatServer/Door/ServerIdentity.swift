internal import ChatSystem
internal import ChatTLS

/// Who the server is to those who come with TLS: the certificate of its operator, or one of its own.
///
/// Thread: any.
final class ServerIdentity: Sendable {
  private let options: ServerOptions
  private let folder: FilePath?
  private let identity: Guarded<TLSIdentity>

  /// Reads the certificate, or makes one.
  ///
  /// - Parameter folder: where its own is kept; `nil` where nothing is.
  /// - Throws: `TLSError`.
  init(_ options: ServerOptions, folder: FilePath?, log: EventLog) throws(TLSError) {
    (self.options, self.folder) = (options, folder)
    let first = try Self.read(options, folder)
    if let warning = first.warning { log.warning(warning) }
    identity = Guarded(first)
  }

  /// Who it is at the moment.
  var current: TLSIdentity { identity.withLock { $0 } }

  /// Reads the certificate again: whoever comes from now on is shown it; who is connected stays so.
  ///
  /// - Throws: `TLSError`; the old one is used then as before.
  func reload(_ log: EventLog) throws(TLSError) {
    let next = try Self.read(options, folder)
    if let warning = next.warning { log.warning(warning) }
    identity.withLock { $0 = next }
  }

  private static func read(
    _ options: ServerOptions, _ folder: FilePath?
  ) throws(TLSError) -> TLSIdentity {
    if let certificate = options.tlsCertificate, let key = options.tlsKey {
      return try TLSIdentity(certificate: certificate, key: key)
    }
    let host = Process.hostName.lowercased()
    let addresses = Address.ofThisMachine(port: options.port).map { address in
      // An interface's name may follow.
      String(address.host.prefix { $0 != "%" })
    }
    return try OwnCertificate.identity(
      in: folder, names: ["localhost", host, "\(host).local"] + options.hosts,
      addresses: ["127.0.0.1", "::1"] + addresses)
  }
}
