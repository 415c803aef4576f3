package import ChatSystem

/// Where requests go, and whose key is trusted there.
package struct HTTPEndpoint: Sendable, Equatable {
  /// How the server proves to be the one that is meant.
  package enum Trust: Sendable, Equatable {
    /// Not at all: the connection is not encrypted.
    case plain
    /// By its key alone: the SHA-256 of its SubjectPublicKeyInfo, in base64 with its padding.
    case key(String)
    /// By an authority, of the system's or those in this file, which says that it is the host.
    case authorities(FilePath?)
  }

  /// `http://127.0.0.1:55555`.
  package let origin: String
  let trust: Trust

  /// Describes one.
  package init(_ address: Address, trust: Trust) {
    // An interface's name after an address is encoded (RFC 6874).
    let host = address.description.replacing("%", with: "%25")
    origin = (trust == .plain ? "http://" : "https://") + host
    self.trust = trust
  }
}
