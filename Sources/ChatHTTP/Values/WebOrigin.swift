/// The origin of web pages (RFC 6454): scheme, host and port.
package struct WebOrigin: Sendable, Hashable {
  /// Whether the scheme is `https`, not `http`.
  package let isEncrypted: Bool
  package let host: HostName
  package let port: UInt16

  /// Reads `https://HOST` or `https://HOST:PORT`, or the same with `http`; `nil` if it is neither. A path, even `/`, is
  /// no part of an origin.
  package init?(_ text: some StringProtocol) {
    let schemes = [("https://", true), ("http://", false)]
    guard
      let (scheme, isEncrypted) = schemes.first(where: {
        HTTPCharacters.lowercased(text.prefix($0.0.count)) == $0.0
      }), let authority = Authority(text.dropFirst(scheme.count))
    else { return nil }
    self.isEncrypted = isEncrypted
    host = authority.host
    port = authority.port ?? Authority.standardPort(isEncrypted: isEncrypted)
  }
}

extension WebOrigin: CustomStringConvertible {
  /// As browsers write it: lower case, without the scheme's own port.
  package var description: String {
    let isStandard = port == Authority.standardPort(isEncrypted: isEncrypted)
    return "\(isEncrypted ? "https" : "http")://\(host)\(isStandard ? "" : ":\(port)")"
  }
}

/// The origins whose pages may connect by WebSocket: the server's own, and those that its operator allows. Pure.
///
/// A browser lets any page connect anywhere, and says in `Origin` whose page it is.
package struct WebOrigins: Sendable, Equatable {
  /// Those that the operator allows.
  package let others: Set<WebOrigin>

  /// Allows some besides the server's own.
  package init(_ others: Set<WebOrigin> = []) { self.others = others }

  /// Whether the sender of a request may connect.
  ///
  /// Whether the server is known by that host is another question: a page whose name was made to mean the server's
  /// address (DNS rebinding) is of the same origin. See `RequestOrigin`.
  ///
  /// - Parameters:
  ///   - origin: the field `Origin`; `nil` if there is none, as from programs: no browser leaves it out of a WebSocket.
  ///   - host: the field `Host`. At one address there is TLS and there is none: its own pages have either scheme.
  package func isAllowedOrigin(_ origin: String?, host: String) -> Bool {
    guard let origin else { return true }
    guard let origin = WebOrigin(origin) else { return false }
    if others.contains(origin) { return true }
    guard let own = Authority(host) else { return false }
    let port = own.port ?? Authority.standardPort(isEncrypted: origin.isEncrypted)
    return origin.host == own.host && origin.port == port
  }
}
