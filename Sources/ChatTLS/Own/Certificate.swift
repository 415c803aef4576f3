internal import COpenSSL

/// A certificate (X.509 version 3, RFC 5280).
///
/// Owns: the X509.
final class Certificate {
  let pointer: OpaquePointer

  /// Takes over an X509.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  /// Makes one that is to be signed.
  ///
  /// - Parameters:
  ///   - subject: its CN; at most 64 characters (RFC 5280, appendix A.1, ub-common-name).
  ///   - seconds: how long it is valid from now on.
  init(for key: PrivateKey, subject: String, validFor seconds: Int) throws(TLSError) {
    guard let pointer = X509_new() else { throw TLSError(call: "X509_new") }
    self.pointer = pointer
    // The highest bit is clear: the number is positive, and has no more than 20 bytes (RFC 5280, section 4.1.2.2).
    let serial = UInt64.random(in: 1...(.max >> 1))
    guard X509_set_version(pointer, 2) == 1,
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), serial) == 1,
      // An hour ago: clocks differ.
      X509_gmtime_adj(X509_getm_notBefore(pointer), -3_600) != nil,
      X509_gmtime_adj(X509_getm_notAfter(pointer), seconds - 3_600) != nil,
      X509_set_pubkey(pointer, key.pointer) == 1,
      X509_NAME_add_entry_by_txt(
        X509_get_subject_name(pointer), "CN", MBSTRING_UTF8, subject, -1, -1, 0) == 1
    else { throw TLSError(call: "X509_set_pubkey") }
  }

  deinit { X509_free(pointer) }

  /// Adds an extension in OpenSSL's words (x509v3_config(5)).
  func add(_ kind: CInt, _ value: String, issuer: Certificate) throws(TLSError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer.pointer, pointer, nil, nil, 0)
    guard let item = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
      throw TLSError(call: "X509V3_EXT_conf_nid")
    }
    defer { X509_EXTENSION_free(item) }
    guard X509_add_ext(pointer, item, -1) == 1 else { throw TLSError(call: "X509_add_ext") }
  }

  /// Adds an extension in DER.
  func add(_ kind: CInt, encoded: [UInt8], isCritical: Bool) throws(TLSError) {
    guard let value = ASN1_OCTET_STRING_new() else {
      throw TLSError(call: "ASN1_OCTET_STRING_new")
    }
    defer { ASN1_OCTET_STRING_free(value) }
    guard ASN1_OCTET_STRING_set(value, encoded, CInt(encoded.count)) == 1,
      let item = X509_EXTENSION_create_by_NID(nil, kind, isCritical ? 1 : 0, value)
    else { throw TLSError(call: "X509_EXTENSION_create_by_NID") }
    defer { X509_EXTENSION_free(item) }
    guard X509_add_ext(pointer, item, -1) == 1 else { throw TLSError(call: "X509_add_ext") }
  }

  /// Has an issuer sign it: it is not changed any more.
  func sign(as issuer: Certificate, with key: PrivateKey) throws(TLSError) {
    guard X509_set_issuer_name(pointer, X509_get_subject_name(issuer.pointer)) == 1,
      X509_sign(pointer, key.pointer, EVP_sha256()) > 0
    else { throw TLSError(call: "X509_sign") }
  }

  /// Whether it has begun to be valid, and is so for some time to come.
  func isValid(for seconds: Int) -> Bool {
    guard X509_cmp_current_time(X509_get0_notBefore(pointer)) < 0,
      let limit = X509_time_adj_ex(nil, 0, seconds, nil)
    else { return false }
    defer { ASN1_STRING_free(limit) }
    return ASN1_TIME_compare(X509_get0_notAfter(pointer), limit) > 0
  }

  /// Whether it belongs to a key.
  func isFor(_ key: PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(pointer, key.pointer) == 1
  }

  /// Whether another one's key signed it.
  func isSigned(by issuer: Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_verify(pointer, X509_get0_pubkey(issuer.pointer)) == 1
  }

  /// Whether it is made out to all of these.
  func isFor(_ names: CertificateNames) -> Bool {
    defer { ERR_clear_error() }
    return names.names.allSatisfy { X509_check_host(pointer, $0, 0, 0, nil) == 1 }
      && names.addresses.allSatisfy { X509_check_ip(pointer, $0, $0.count, 0) == 1 }
  }

  /// Its DER.
  func encoded() throws(TLSError) -> [UInt8] {
    var start: UnsafeMutablePointer<UInt8>?
    let count = i2d_X509(pointer, &start)
    guard count > 0, let start else { throw TLSError(call: "i2d_X509") }
    defer { CRYPTO_free(start, #file, #line) }
    return Array(UnsafeBufferPointer(start: start, count: Int(count)))
  }

  /// The SHA-256 of its DER, as phones and browsers show it: 32 pairs of digits with colons between them.
  func fingerprint() throws(TLSError) -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard X509_digest(pointer, EVP_sha256(), &digest, &count) == 1 else {
      throw TLSError(call: "X509_digest")
    }
    return digest.prefix(Int(count))
      .map { ($0 < 0x10 ? "0" : "") + String($0, radix: 16, uppercase: true) }
      .joined(separator: ":")
  }
}
