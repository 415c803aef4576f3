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
