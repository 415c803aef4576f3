internal import COpenSSL

/// What names a public key: the SHA-256 of its SubjectPublicKeyInfo in DER (RFC 7469, section 2.4), which stays the same
/// when a certificate is renewed for the same key.
package struct KeyFingerprint: Hashable, Sendable, CustomStringConvertible {
  private static let prefix = "SHA256:"
  /// 32 bytes in base64, without padding.
  private static let digits = 43

  /// `SHA256:` and the digest in base64 without padding, as ssh(1) writes fingerprints.
  package let description: String

  /// The digest in base64 with its padding, as pins of keys are written (RFC 7469, section 2.4).
  package var base64: String { description.dropFirst(Self.prefix.count) + "=" }

  /// Reads one; `nil` if it is not written as `description` has it.
  package init?(_ text: String) {
    let digits = text.dropFirst(Self.prefix.count)
    guard text.hasPrefix(Self.prefix), digits.utf8.count == Self.digits,
      digits.utf8.allSatisfy(Self.isDigit)
    else { return nil }
    description = text
  }

  /// The fingerprint of a certificate's key.
  ///
  /// - Parameter certificate: an `X509`.
  init(ofKeyIn certificate: OpaquePointer) throws(TLSError) {
    var key: UnsafeMutablePointer<UInt8>?
    let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key)
    guard count > 0, let key else { throw TLSError(call: "i2d_X509_PUBKEY") }
    defer { CRYPTO_free(key, #file, #line) }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var digestCount: UInt32 = 0
    guard EVP_Digest(key, Int(count), &digest, &digestCount, EVP_sha256(), nil) == 1 else {
      throw TLSError(call: "EVP_Digest")
    }
    // 32 bytes become 44 digits and a zero.
    var digits = [UInt8](repeating: 0, count: 45)
    _ = EVP_EncodeBlock(&digits, digest, CInt(digestCount))
    description = Self.prefix + String(decoding: digits.prefix(Self.digits), as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
