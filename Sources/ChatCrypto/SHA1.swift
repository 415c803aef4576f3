internal import COpenSSL

/// SHA-1 (FIPS 180-4), which WebSocket's handshake wants (RFC 6455, section 1.3). Nothing is secured by it.
package enum SHA1 {
  /// The digest, 20 bytes: EVP_Digest(3).
  package static func digest(of bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 20)
    let isDone = bytes.withUnsafeBytes { bytes in
      digest.withUnsafeMutableBufferPointer {
        EVP_Digest(bytes.baseAddress, bytes.count, $0.baseAddress, nil, EVP_sha1(), nil) == 1
      }
    }
    guard isDone else { throw CryptoError("EVP_Digest") }
    return digest
  }
}
