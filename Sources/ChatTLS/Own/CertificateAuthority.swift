internal import COpenSSL
internal import ChatSystem

/// A certificate authority that vouches for one server alone: its constraints permit the server's names and addresses,
/// and nothing else. So a phone that trusts it is not deceived about any other address, whoever has its key.
///
/// `tls-ca.pem` in the data folder: its key and its certificate, in one file, so that they always belong together.
final class CertificateAuthority {
  /// The file's name in the folder.
  static let fileName: FilePath = "tls-ca.pem"

  private static let validSeconds = 3_650 * 86_400
  /// A certificate is no longer valid than browsers and Apple take (CA/Browser Forum's Baseline Requirements, 6.3.2, and
  /// Apple's HT211025: 398 days). It is renewed when a third of that is left.
  private static let certificateSeconds = 365 * 86_400
  private static let renewalSeconds = certificateSeconds / 3
  /// The CN of the server's certificates: no name of the domain name system.
  private static let subject = "Chat server"
  /// What is permitted in any case.
  private static let loopback = CertificateNames(
    names: ["localhost"], addresses: ["127.0.0.1", "::1"])

  let certificate: Certificate
  private let key: PrivateKey

  private init(_ certificate: Certificate, _ key: PrivateKey) {
    (self.certificate, self.key) = (certificate, key)
  }

  /// Makes one.
  ///
  /// - Parameters:
  ///   - names: whom it may vouch for.
  ///   - host: the machine's name, for people who look for it among those that they trust.
  convenience init(for names: CertificateNames, on host: String) throws(TLSError) {
    let key = try PrivateKey()
    let title = String("Chat server on \(host)".prefix(64))
    let certificate = try Certificate(for: key, subject: title, validFor: Self.validSeconds)
    try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: certificate)
    try certificate.add(NID_key_usage, "critical,keyCertSign", issuer: certificate)
    // Servers alone: no mail, no programs.
    try certificate.add(NID_ext_key_usage, "serverAuth", issuer: certificate)
    try certificate.add(NID_subject_key_identifier, "hash", issuer: certificate)
    let draft = try Certificate(for: key, subject: Self.subject, validFor: 0)
    let subject = withExtendedLifetime(draft) {
      GeneralName.encoded(X509_get_subject_name(draft.pointer))
    }
    let constraints = Self.loopback.union(names).constraints(subject: subject)
    try certificate.add(NID_name_constraints, encoded: constraints.encoded, isCritical: true)
    try certificate.sign(as: certificate, with: key)
    self.init(certificate, key)
  }

  /// Reads the file.
  ///
  /// - Throws: `TLSError` of kind `file`: it is damaged, or not one that was made here.
  convenience init(in path: FilePath) throws(TLSError) {
    let key = PrivateKey(owning: try PEM.privateKey(in: path))
    let found = try PEM.certificates(in: path).map { Certificate(owning: $0) }
    guard found.count == 1, found[0].isFor(key), found[0].isSigned(by: found[0]),
      X509_check_ca(found[0].pointer) == 1, NameConstraints(of: found[0])?.isComplete == true
    else { throw TLSError(.file, "\(path): is not an authority that this server made") }
    self.init(found[0], key)
  }

  /// Writes the file.
  func write(to path: FilePath) throws(TLSError) {
    let text = try PEM.text(ofKey: key.pointer) + PEM.text(ofCertificate: certificate.pointer)
    try PrivateFile.write(text, to: path)
  }

  /// Whom it may vouch for.
  var names: CertificateNames {
    NameConstraints(of: certificate).map(CertificateNames.init(permittedBy:))
      ?? CertificateNames(names: [], addresses: [])
  }

  /// Whether its certificate outlives one that it makes now.
  var isFresh: Bool { certificate.isValid(for: Self.certificateSeconds) }

  /// Makes a certificate for a server.
  func issue(to names: CertificateNames, _ key: PrivateKey) throws(TLSError) -> Certificate {
    let issued = try Certificate(
      for: key, subject: Self.subject, validFor: Self.certificateSeconds)
    try issued.add(NID_basic_constraints, "critical,CA:FALSE", issuer: certificate)
    try issued.add(NID_key_usage, "critical,digitalSignature", issuer: certificate)
    try issued.add(NID_ext_key_usage, "serverAuth", issuer: certificate)
    try issued.add(NID_subject_key_identifier, "hash", issuer: certificate)
    try issued.add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
    if !names.isEmpty {
      try issued.add(
        NID_subject_alt_name, encoded: names.encodedAlternatives, isCritical: false)
    }
    try issued.sign(as: certificate, with: self.key)
    return issued
  }

  /// Whether a chain of certificates can still be shown.
  func vouches(
    with chain: [Certificate], for names: CertificateNames, _ key: PrivateKey
  ) -> Bool {
    chain.count == 2 && X509_cmp(chain[1].pointer, certificate.pointer) == 0
      && chain[0].isFor(key) && chain[0].isSigned(by: certificate)
      && chain[0].isValid(for: Self.renewalSeconds) && chain[0].isFor(names)
  }
}
