/// Where a request comes from: whether a web page of somebody else's may be behind it. Pure.
///
/// A browser lets any page send requests to this server, with the network position of the person in front of it, and
/// says so: `Origin` (RFC 6454; Fetch Standard, "append a request Origin header") comes with every request that is not
/// GET or HEAD and with every WebSocket, `Sec-Fetch-Site` (Fetch Metadata) with every request to an address that is
/// encrypted or on this machine. A page whose own name was made to mean this server's address (DNS rebinding) is of
/// the same origin to the browser: its name in `Host` gives it away.
package enum RequestOrigin: Sendable, Equatable {
  /// No browser says that it sent it: `curl`, scripts, other programs.
  case program
  /// A person typed the address or followed a bookmark, or a page of this server sent it.
  case own
  /// A page of somebody else's may have sent it, or it cannot be ruled out. Why, for a person.
  case elsewhere(StaticString)

  /// Whether it may change or say something, and read what is not open.
  package var isTrusted: Bool {
    if case .elsewhere = self { false } else { true }
  }

  /// Equal if a person would be told the same.
  package static func == (one: RequestOrigin, other: RequestOrigin) -> Bool {
    switch (one, other) {
    case (.program, .program), (.own, .own): true
    case (.elsewhere(let reason), .elsewhere(let otherReason)): "\(reason)" == "\(otherReason)"
    default: false
    }
  }

  /// Judges a request.
  ///
  /// - Parameters:
  ///   - isEncrypted: whether it came over TLS.
  ///   - knownHosts: the names by which this server is known, in lower case. Addresses in numbers and `localhost`
  ///     are, always.
  ///   - knownOrigins: origins of other pages that may come.
  package init(
    _ head: RequestHead, isEncrypted: Bool, knownHosts: Set<String>,
    knownOrigins: Set<WebOrigin> = []
  ) {
    let fields = head.fields
    let (origins, sites) = (fields.values("origin"), fields.values("sec-fetch-site"))
    guard let host = head.host else {
      // Every browser names the host.
      self = origins.isEmpty && sites.isEmpty ? .program : .elsewhere("no Host")
      return
    }
    guard Self.isKnown(host.host, knownHosts) else {
      self = .elsewhere("an unknown name in Host")
      return
    }
    guard origins.count <= 1, sites.count <= 1 else {
      self = .elsewhere("more than one origin")
      return
    }
    if let origin = origins.first {
      if let known = WebOrigin(origin), knownOrigins.contains(known) {
        self = .own
        return
      }
      guard Self.isOrigin(origin, of: host, isEncrypted: isEncrypted) else {
        self = .elsewhere("another Origin")
        return
      }
    }
    switch sites.first {
    case nil: self = origins.isEmpty ? .program : .own
    case "same-origin", "none": self = .own
    default: self = .elsewhere("another site")
    }
  }

  private static func isKnown(_ host: HostName, _ knownHosts: Set<String>) -> Bool {
    switch host {
    case .ipv4, .ipv6: true
    case .name(let name): host.isLoopback || knownHosts.contains(name)
    }
  }

  private static func isOrigin(_ text: String, of host: Authority, isEncrypted: Bool) -> Bool {
    let scheme = isEncrypted ? "https://" : "http://"
    let text = HTTPCharacters.lowercased(text)
    guard text.hasPrefix(scheme), let origin = Authority(text.dropFirst(scheme.count)) else {
      return false
    }
    return origin.isSame(as: host, isEncrypted: isEncrypted)
  }
}
