internal import COpenSSL
package import ChatSystem

/// The certificate that a server makes for itself, for every name and address of the machine: ECDSA with P-256, signed
/// by a `CertificateAuthority` of its own.
///
/// `tls-key.pem` and `tls-cert.pem` in the data folder. The key is made once and stays, so that its fingerprint does;
/// the certificate is made again when a third of its time is left, or lacks one of the names.
package struct OwnCertificate: Sendable {
  /// The key's name in the folder.
  package static let keyName: FilePath = "tls-key.pem"
  /// The certificate's name there. The authority's follows it in the file.
  package static let certificateName: FilePath = "tls-cert.pem"

  /// Who the server is.
  package let identity: TLSIdentity
  /// Who vouches for it.
  package let authority: AuthorityCertificate
  /// What its operator should know: what was damaged, and whom nobody trusts any more.
  package let warnings: [String]

  /// Reads the identity of a folder, or makes it.
  ///
  /// - Parameters:
  ///   - folder: `nil` keeps nothing: each start has another key.
  ///   - host: what the authority is called after.
  ///   - names: the machine's; what is no name of the domain name system is left out.
  ///   - addresses: the machine's, in numbers.
  /// - Throws: `TLSError`; a server's key that can't be read is not replaced.
  package init(
    in folder: FilePath?, host: String = "this machine", names: [String], addresses: [String]
  ) throws(TLSError) {
    let names = CertificateNames(names: names, addresses: addresses)
    var warnings: [String] = []
    let key = try Self.key(in: folder)
    let authority = try Self.authority(in: folder, for: names, on: host, &warnings)
    let chain = try Self.chain(in: folder, for: names, key, from: authority, &warnings)
    let name =
      folder.map { "\($0.appending(Self.certificateName))" } ?? "the server's certificate"
    // Their pointers are valid as long as they live.
    identity = try withExtendedLifetime((chain, key)) { () throws(TLSError) -> TLSIdentity in
      try TLSIdentity(chain.map(\.pointer), key.pointer, name: name)
    }
    self.authority = try AuthorityCertificate(authority)
    self.warnings = warnings
  }

  private static func key(in folder: FilePath?) throws(TLSError) -> PrivateKey {
    guard let path = folder?.appending(keyName) else { return try PrivateKey() }
    if path.isTaken { return PrivateKey(owning: try PEM.privateKey(in: path)) }
    let key = try PrivateKey()
    try PrivateFile.write(try PEM.text(ofKey: key.pointer), to: path)
    return key
  }

  private static func authority(
    in folder: FilePath?, for names: CertificateNames, on host: String, _ warnings: inout [String]
  ) throws(TLSError) -> CertificateAuthority {
    guard let path = folder?.appending(CertificateAuthority.fileName) else {
      return try CertificateAuthority(for: names, on: host)
    }
    if path.isTaken {
      let reason: String
      do throws(TLSError) {
        let found = try CertificateAuthority(in: path)
        let missing = names.subtracting(found.names)
        if missing.isEmpty, found.isFresh { return found }
        reason =
          missing.isEmpty
          ? "\(path): is not valid for another year"
          : "\(path): is not for \(missing.texts.joined(separator: ", "))"
      } catch { reason = error.description }
      warnings.append(
        "\(reason). A new authority is made: phones and browsers have to trust it again (/ca)")
    }
    let made = try CertificateAuthority(for: names, on: host)
    try made.write(to: path)
    return made
  }

  /// The server's certificate and the authority's.
  private static func chain(
    in folder: FilePath?, for names: CertificateNames, _ key: PrivateKey,
    from authority: CertificateAuthority, _ warnings: inout [String]
  ) throws(TLSError) -> [Certificate] {
    let path = folder?.appending(certificateName)
    if let path, path.isTaken {
      do throws(TLSError) {
        let found = try PEM.certificates(in: path).map { Certificate(owning: $0) }
        if authority.vouches(with: found, for: names, key) { return found }
      } catch {
        warnings.append("\(error.description). It is made again")
      }
    }
    let made = [try authority.issue(to: names, key), authority.certificate]
    if let path {
      try PrivateFile.write(
        try PEM.text(ofCertificate: made[0].pointer) + PEM.text(ofCertificate: made[1].pointer),
        to: path)
    }
    return made
  }
}

/// The certificate of the authority that vouches for a server: what a person has a phone or browser trust.
package struct AuthorityCertificate: Sendable, Equatable {
  /// The certificate in DER.
  package let encoded: [UInt8]
  /// The SHA-256 of that, as phones and browsers show it: pairs of digits with colons between them.
  package let fingerprint: String
  /// Whom it may vouch for: names, and addresses in numbers.
  package let names: [String]

  init(_ authority: CertificateAuthority) throws(TLSError) {
    encoded = try authority.certificate.encoded()
    fingerprint = try authority.certificate.fingerprint()
    names = authority.names.texts
  }
}
