/// A host and perhaps a port, as a `Host` field has them (RFC 9110, section 7.2).
package struct Authority: Sendable, Hashable {
  /// The host.
  package let host: HostName
  /// The port, if one is given.
  package let port: UInt16?

  /// The port of `http` and of `https` where none is given.
  package static func standardPort(isEncrypted: Bool) -> UInt16 { isEncrypted ? 443 : 80 }

  /// Reads `HOST` or `HOST:PORT`; `nil` if it is neither.
  package init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    let hostEnd: String.Index
    if utf8.first == UInt8(ascii: "[") {
      guard let close = utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      hostEnd = utf8.index(after: close)
    } else {
      hostEnd = utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
    }
    guard let host = HostName(text[..<hostEnd]) else { return nil }
    let rest = text[hostEnd...]
    if rest.isEmpty {
      port = nil
    } else {
      guard rest.utf8.first == UInt8(ascii: ":"),
        let number = HTTPCharacters.decimal(rest.dropFirst()), let port = UInt16(exactly: number)
      else { return nil }
      self.port = port
    }
    self.host = host
  }

  /// Whether both lead to the same place.
  package func isSame(as other: Authority, isEncrypted: Bool) -> Bool {
    let standard = Self.standardPort(isEncrypted: isEncrypted)
    return host == other.host && (port ?? standard) == (other.port ?? standard)
  }
}

extension Authority: CustomStringConvertible {
  /// `HOST` or `HOST:PORT`, as it stands in a URL. It holds nothing but the characters of a host and a port.
  package var description: String { port.map { "\(host):\($0)" } ?? "\(host)" }
}
