internal import COpenSSL

/// A private key.
///
/// Owns: the EVP_PKEY.
final class PrivateKey {
  let pointer: OpaquePointer

  /// Takes over an EVP_PKEY.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  /// Makes one: ECDSA with P-256, which everything that speaks TLS takes.
  init() throws(TLSError) {
    guard let key = copenssl_generate_key() else { throw TLSError(call: "EVP_EC_gen") }
    pointer = key
  }

  deinit { EVP_PKEY_free(pointer) }
}
