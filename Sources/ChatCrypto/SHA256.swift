internal import COpenSSL
package import ChatCore

/// A SHA-256 (FIPS 180-4) being computed: bytes go in piece by piece, the digest comes out at the end.
///
/// Owns: an EVP_MD_CTX (EVP_DigestInit(3)), freed exactly once: when the owner ends, `finish`
/// included.
///
/// Thread: one at a time.
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  /// Starts with no bytes: EVP_MD_CTX_new, EVP_DigestInit_ex with EVP_sha256.
  ///
  /// - Throws: `CryptoError` if there is no memory, or no SHA-256.
  package init() throws(CryptoError) {
    guard let context = EVP_MD_CTX_new() else { throw CryptoError("EVP_MD_CTX_new") }
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      let error = CryptoError("EVP_DigestInit_ex")
      EVP_MD_CTX_free(context)
      throw error
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Takes the next bytes, any number of them: EVP_DigestUpdate.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      throw CryptoError("EVP_DigestUpdate")
    }
  }

  /// The digest of all that came: EVP_DigestFinal_ex.
  package consuming func finish() throws(CryptoError) -> SHA256Digest {
    var digest = InlineArray<32, UInt8>(repeating: 0)
    var bytes = digest.mutableSpan
    let isDone = bytes.withUnsafeMutableBufferPointer {
      EVP_DigestFinal_ex(context, $0.baseAddress, nil) == 1
    }
    guard isDone else { throw CryptoError("EVP_DigestFinal_ex") }
    return SHA256Digest(digest)
  }

  /// The digest of bytes that are all there.
  package static func digest(of bytes: UnsafeRawBufferPointer) throws(CryptoError) -> SHA256Digest {
    var hash = try SHA256()
    try hash.update(bytes)
    return try hash.finish()
  }
}
