package import ChatHTTP
package import ChatSystem

/// The origin (RFC 6454) by which a client can tell others of this server: `https://192.168.1.5:55555`. Pure.
///
/// That is how the client itself came, unless only this machine's own programs come so. What it says of that in `Host`
/// is not believed: only a name or an address of the server's is repeated.
package struct ServerOrigin: Sendable {
  private let names: Set<String>
  private let addresses: ReachableAddresses
  private let needsTLS: Bool

  /// Describes a server.
  ///
  /// - Parameters:
  ///   - names: those by which it is known, in lower case.
  ///   - needsTLS: whether other machines have to come with TLS.
  package init(names: Set<String>, addresses: ReachableAddresses, needsTLS: Bool) {
    (self.names, self.addresses, self.needsTLS) = (names, addresses, needsTLS)
  }

  /// The origin for a client.
  ///
  /// - Parameters:
  ///   - authority: by which address it came, as it says.
  ///   - isEncrypted: whether it came over TLS.
  package func text(for authority: Authority?, isEncrypted: Bool) -> String {
    if let authority, isOwn(authority.host),
      !authority.host.isLoopback || addresses.shared == nil
    {
      let port = authority.port ?? Authority.standardPort(isEncrypted: isEncrypted)
      return Self.text(authority.host, port, isEncrypted: isEncrypted || needsTLS)
    }
    let address = addresses.shared ?? addresses.all.first ?? .standard
    return Self.text(of: address, isEncrypted: isEncrypted || needsTLS)
  }

  /// The origin with an address.
  package static func text(of address: Address, isEncrypted: Bool) -> String {
    guard let host = hostName(of: address) else {
      return "\(isEncrypted ? "https" : "http")://\(address)"
    }
    return text(host, address.port, isEncrypted: isEncrypted)
  }

  private func isOwn(_ host: HostName) -> Bool {
    if case .name(let name) = host { return host.isLoopback || names.contains(name) }
    return host.isLoopback || addresses.all.contains { Self.hostName(of: $0) == host }
  }

  private static func text(_ host: HostName, _ port: UInt16, isEncrypted: Bool) -> String {
    let isStandard = port == Authority.standardPort(isEncrypted: isEncrypted)
    return "\(isEncrypted ? "https" : "http")://\(host)\(isStandard ? "" : ":\(port)")"
  }

  /// An interface's name behind an address is for this machine alone.
  private static func hostName(of address: Address) -> HostName? {
    let host = address.host.prefix { $0 != "%" }
    return HostName(host.contains(":") ? "[\(host)]" : "\(host)")
  }
}
