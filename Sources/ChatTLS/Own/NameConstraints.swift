internal import COpenSSL

/// Whom an authority may vouch for: the extension nameConstraints (RFC 5280, section 4.2.1.10).
///
/// A kind of which nothing is listed is not constrained. So each kind by which a server, a site or a mailbox is named is
/// listed, and where nothing of a kind is to be permitted, what is permitted does not exist: the host `invalid` (RFC
/// 6761, section 6.4). IPv4 and IPv6 are one kind to some programs and two to others: both are always listed.
///
/// Directory names are left unconstrained: no server is known by its subject, and Go's and Rust's libraries (crypto/x509,
/// rustls-webpki) refuse every certificate of an authority that constrains them.
struct NameConstraints: Equatable {
  /// The host of mailboxes and URIs that nobody has.
  static let nobody = "invalid"

  let permitted: Set<GeneralName>

  init(permitted: Set<GeneralName>) { self.permitted = permitted }

  /// Reads those of a certificate; `nil` if it has none, or ones that a program may ignore (not critical).
  init?(of certificate: Certificate) {
    var isCritical: CInt = 0
    let found = X509_get_ext_d2i(certificate.pointer, NID_name_constraints, &isCritical, nil)
    ERR_clear_error()
    guard let found else { return nil }
    // Safety: what X509_get_ext_d2i returns for this kind is a NAME_CONSTRAINTS, which is the caller's.
    let constraints = found.assumingMemoryBound(to: NAME_CONSTRAINTS.self)
    defer { NAME_CONSTRAINTS_free(constraints) }
    guard isCritical == 1 else { return nil }
    permitted = Set(
      (0..<max(0, copenssl_permitted_count(constraints))).compactMap { index in
        copenssl_permitted(constraints, index).flatMap { GeneralName($0) }
      })
  }

  /// Whether every kind is constrained.
  var isComplete: Bool {
    let addressBytes = Set(
      permitted.compactMap { if case .address(let bytes) = $0 { bytes.count } else { nil } })
    return permitted.contains(.email(Self.nobody)) && permitted.contains(.uri(Self.nobody))
      && permitted.contains { if case .dns = $0 { true } else { false } }
      && addressBytes == [8, 32]
  }

  /// The extension in DER: `SEQUENCE { [0] { SEQUENCE { base } … } }`.
  var encoded: [UInt8] {
    let names = permitted.map(\.encoded).sorted { $0.lexicographicallyPrecedes($1) }
    let trees = names.flatMap { DER.element(DER.sequence, $0) }
    return DER.element(DER.sequence, DER.element(0xA0, trees))
  }
}
