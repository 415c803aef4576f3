internal import COpenSSL
package import ChatSystem

/// The certificate that a server makes for itself: ECDSA with P-256, signed with its own key, for every name and address
/// of the machine.
///
/// `tls-key.pem` and `tls-cert.pem` in the data folder. The key is made once and stays, so that its fingerprint does;
/// the certificate is made again when it is about to expire, or lacks one of the names.
package enum OwnCertificate {
  /// The key's name in the folder.
  package static let keyName: FilePath = "tls-key.pem"
  /// The certificate's name there.
  package static let certificateName: FilePath = "tls-cert.pem"

  /// No longer than browsers take (CA/Browser Forum's Baseline Requirements, 6.3.2), and Mozilla recommends.
  private static let validSeconds = 365 * 86_400
  /// It is renewed when less is left.
  private static let renewalSeconds = 30 * 86_400

  /// Reads the identity of a folder, or makes it.
  ///
  /// - Parameters:
  ///   - folder: `nil` keeps nothing: each start has another key.
  ///   - names: the machine's; what is no name of the domain name system is left out.
  ///   - addresses: the machine's, in numbers.
  /// - Throws: `TLSError`; a key that can't be read is not replaced.
  package static func identity(
    in folder: FilePath?, names: [String], addresses: [String]
  ) throws(TLSError) -> TLSIdentity {
    // An address among the names is no name: `--host 192.168.1.5`.
    let names = Array(Set(names.filter { isName($0) && !isAddress($0) })).sorted()
    let addresses = Array(Set(addresses.filter(isAddress))).sorted()
    guard let folder else {
      let key = try makeKey()
      defer { EVP_PKEY_free(key) }
      return try make(key, names, addresses).0
    }
    let keyPath = folder.appending(keyName)
    let key: OpaquePointer
    if !keyPath.isTaken {
      key = try makeKey()
      do throws(TLSError) { try write(try PEM.text(ofKey: key), to: keyPath) } catch {
        EVP_PKEY_free(key)
        throw error
      }
    } else {
      key = try PEM.privateKey(in: keyPath)
    }
    defer { EVP_PKEY_free(key) }
    let path = folder.appending(certificateName)
    if let found = try? PEM.certificates(in: path) {
      defer { for certificate in found { X509_free(certificate) } }
      if isUsable(found[0], key, names, addresses) {
        return try TLSIdentity(found, key, name: "\(path)")
      }
    }
    let (identity, text) = try make(key, names, addresses)
    try write(text, to: path)
    return identity
  }

  // MARK: Which names

  private static func isName(_ name: String) -> Bool {
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    return name.utf8.count <= 253
      && labels.allSatisfy { label in
        1...63 ~= label.utf8.count
          && label.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || isAlphanumeric($0)
          }
      }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private static func isAddress(_ text: String) -> Bool {
    guard let address = a2i_IPADDRESS(text) else {
      ERR_clear_error()
      return false
    }
    ASN1_OCTET_STRING_free(address)
    return true
  }

  private static func isUsable(
    _ certificate: OpaquePointer, _ key: OpaquePointer, _ names: [String], _ addresses: [String]
  ) -> Bool {
    defer { ERR_clear_error() }
    guard X509_check_private_key(certificate, key) == 1,
      X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0,
      let limit = X509_time_adj_ex(nil, 0, renewalSeconds, nil)
    else { return false }
    defer { ASN1_STRING_free(limit) }
    return ASN1_TIME_compare(X509_get0_notAfter(certificate), limit) > 0
      && names.allSatisfy { X509_check_host(certificate, $0, 0, 0, nil) == 1 }
      && addresses.allSatisfy { X509_check_ip_asc(certificate, $0, 0) == 1 }
  }

  // MARK: Making them

  private static func makeKey() throws(TLSError) -> OpaquePointer {
    guard let key = copenssl_generate_key() else { throw TLSError(call: "EVP_EC_gen") }
    return key
  }

  /// - Returns: the identity, and its certificate in PEM.
  private static func make(
    _ key: OpaquePointer, _ names: [String], _ addresses: [String]
  ) throws(TLSError) -> (TLSIdentity, [UInt8]) {
    guard let certificate = X509_new() else { throw TLSError(call: "X509_new") }
    defer { X509_free(certificate) }
    let subject = X509_get_subject_name(certificate)
    let alternatives = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
    // The highest bit is clear: the number is positive, and has no more than 20 bytes (RFC 5280, section 4.1.2.2).
    let serial = UInt64.random(in: 1...(.max >> 1))
    guard X509_set_version(certificate, 2) == 1,
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
      // An hour ago: clocks differ.
      X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600) != nil,
      X509_gmtime_adj(X509_getm_notAfter(certificate), validSeconds - 3_600) != nil,
      X509_set_pubkey(certificate, key) == 1,
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, "chat-server", -1, -1, 0) == 1,
      X509_set_issuer_name(certificate, subject) == 1,
      add(NID_basic_constraints, "critical,CA:FALSE", to: certificate),
      add(NID_key_usage, "critical,digitalSignature", to: certificate),
      add(NID_ext_key_usage, "serverAuth", to: certificate),
      alternatives.isEmpty
        || add(NID_subject_alt_name, alternatives.joined(separator: ","), to: certificate),
      X509_sign(certificate, key, EVP_sha256()) > 0
    else { throw TLSError(call: "X509_sign") }
    return (
      try TLSIdentity([certificate], key, name: "the server's own certificate"),
      try PEM.text(ofCertificate: certificate)
    )
  }

  private static func add(_ kind: CInt, _ value: String, to certificate: OpaquePointer) -> Bool {
    guard let item = X509V3_EXT_conf_nid(nil, nil, kind, value) else { return false }
    defer { X509_EXTENSION_free(item) }
    return X509_add_ext(certificate, item, -1) == 1
  }

  /// Writes a file under another name, and then gives it its own: it is whole, or not there.
  private static func write(_ bytes: [UInt8], to path: FilePath) throws(TLSError) {
    let new = path.withSuffix(".new")
    do throws(SystemError) {
      try? new.remove()
      let file = try RegularFile(toAppendPrivately: new)
      if let error = file.write(bytes.span, at: 0).error { throw error }
      try file.sync()
      try new.rename(to: path)
    } catch {
      try? new.remove()
      throw TLSError(.file, "\(path): can't be written: \(error.reason)")
    }
  }
}
