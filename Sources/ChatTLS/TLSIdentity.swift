internal import COpenSSL
package import ChatSystem

/// Who a server is: a certificate and its key, and the rules for those who connect (an SSL_CTX).
///
/// TLS 1.3 alone (RFC 8446), without tickets, early data, compression or renegotiation.
///
/// Owns: the SSL_CTX; connections that use it keep it alive.
///
/// Thread: any.
package final class TLSIdentity: @unchecked Sendable {
  // Safety: the context is not changed after `init`; OpenSSL counts its references atomically.

  /// The protocols inside TLS that are known by name (RFC 7301), the preferred one first.
  static let protocols = ["chat", "http/1.1", "http/1.0"]

  /// The fingerprint of its key.
  package let fingerprint: KeyFingerprint
  /// What its operator should know: the certificate is no longer valid, or not yet; `nil` if all is well.
  package let warning: String?

  let context: OpaquePointer

  /// Reads PEM files.
  ///
  /// - Parameters:
  ///   - certificate: the certificate first, then those of the authorities between it and the root, if any.
  ///   - key: the certificate's private key, not encrypted.
  /// - Throws: `TLSError` of kind `file`, which names the file.
  package convenience init(certificate: FilePath, key: FilePath) throws(TLSError) {
    let chain = try PEM.certificates(in: certificate)
    let privateKey = try PEM.privateKey(in: key)
    defer { EVP_PKEY_free(privateKey) }
    defer { for certificate in chain { X509_free(certificate) } }
    guard X509_check_private_key(chain[0], privateKey) == 1 else {
      ERR_clear_error()
      throw TLSError(.file, "\(key): is not the key of the certificate in \(certificate)")
    }
    try self.init(chain, privateKey, name: certificate.description)
  }

  /// Takes certificates and a key, which stay the caller's.
  init(_ chain: [OpaquePointer], _ key: OpaquePointer, name: String) throws(TLSError) {
    guard let context = SSL_CTX_new(TLS_server_method()) else {
      throw TLSError(call: "SSL_CTX_new")
    }
    do throws(TLSError) {
      try TLSContext.configure(context)
      guard SSL_CTX_use_certificate(context, chain[0]) == 1 else {
        throw TLSError(.file, "\(name): \(TLSError.takeReason())")
      }
      for next in chain.dropFirst() where copenssl_add_chain_certificate(context, next) != 1 {
        throw TLSError(call: "SSL_CTX_add1_chain_cert")
      }
      guard SSL_CTX_use_PrivateKey(context, key) == 1 else {
        throw TLSError(.file, "\(name): \(TLSError.takeReason())")
      }
      fingerprint = try KeyFingerprint(ofKeyIn: chain[0])
      try Self.rehearse(context, name)
    } catch {
      SSL_CTX_free(context)
      throw error
    }
    warning = Self.warning(about: chain[0], name)
    _ = SSL_CTX_set_num_tickets(context, 0)
    SSL_CTX_set_alpn_select_cb(
      context,
      { _, chosen, count, offered, offeredCount, _ in
        TLSIdentity.chooseProtocol(chosen, count, offered, offeredCount)
      }, nil)
    KeyLog.attach(to: context)
    self.context = context
  }

  deinit { SSL_CTX_free(context) }

  /// Shakes hands with itself, in memory: not every key that can be read can be used in TLS 1.3.
  private static func rehearse(_ context: OpaquePointer, _ name: String) throws(TLSError) {
    guard let trust = SSL_CTX_new(TLS_client_method()) else { throw TLSError(call: "SSL_CTX_new") }
    defer { SSL_CTX_free(trust) }
    try TLSContext.configure(trust)
    guard let server = SSL_new(context) else { throw TLSError(call: "SSL_new") }
    defer { SSL_free(server) }
    guard let client = SSL_new(trust) else { throw TLSError(call: "SSL_new") }
    defer { SSL_free(client) }
    var (near, far): (OpaquePointer?, OpaquePointer?)
    guard BIO_new_bio_pair(&near, 0, &far, 0) == 1 else { throw TLSError(call: "BIO_new_bio_pair") }
    // Each has one end, and frees it.
    SSL_set_bio(server, near, near)
    SSL_set_bio(client, far, far)
    SSL_set_accept_state(server)
    SSL_set_connect_state(client)
    // Either needs three turns.
    for _ in 0..<8 {
      ERR_clear_error()
      let results = [client, server].map { side in
        let result = SSL_do_handshake(side)
        return result == 1 ? SSL_ERROR_NONE : SSL_get_error(side, result)
      }
      if results.allSatisfy({ $0 == SSL_ERROR_NONE }) { return }
      guard results.allSatisfy({ $0 == SSL_ERROR_NONE || $0 == SSL_ERROR_WANT_READ }) else { break }
    }
    throw TLSError(.file, "\(name): no client can connect with it: \(TLSError.takeReason())")
  }

  private static func warning(about certificate: OpaquePointer, _ name: String) -> String? {
    if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
      return "\(name): the certificate is no longer valid"
    }
    if X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 {
      return "\(name): the certificate is not valid yet"
    }
    return nil
  }

  /// Chooses among the protocols that a client offers (SSL_CTX_set_alpn_select_cb(3)).
  private static func chooseProtocol(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32
  ) -> CInt {
    guard let chosen, let chosenCount, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // Each is its length, then so many bytes.
    let bytes = UnsafeBufferPointer(start: offered, count: Int(count))
    for name in protocols {
      var start = 0
      while start < bytes.count {
        let end = start + 1 + Int(bytes[start])
        guard end <= bytes.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        if bytes[(start + 1)..<end].elementsEqual(name.utf8) {
          chosen.pointee = offered + start + 1
          chosenCount.pointee = bytes[start]
          return SSL_TLSEXT_ERR_OK
        }
        start = end
      }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }
}

/// What holds for servers and clients alike.
enum TLSContext {
  /// The ciphers, the fastest first; all that TLS 1.3 has are strong.
  private static let ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
  /// How keys are agreed on: what everyone has, and nothing that costs a server more (Mozilla, Server Side TLS 5.7).
  private static let groups = "X25519:P-256:P-384"

  /// Sets a new context up.
  static func configure(_ context: OpaquePointer) throws(TLSError) {
    guard copenssl_set_min_version(context, TLS1_3_VERSION) == 1 else {
      throw TLSError(call: "SSL_CTX_set_min_proto_version")
    }
    guard SSL_CTX_set_ciphersuites(context, ciphers) == 1 else {
      throw TLSError(call: "SSL_CTX_set_ciphersuites")
    }
    guard copenssl_set_groups(context, groups) == 1 else {
      throw TLSError(call: "SSL_CTX_set1_groups_list")
    }
    // A peer that ends without saying so has ended: lines and HTTP's messages have ends of their own.
    copenssl_set_options(context)
    _ = copenssl_set_mode(
      context,
      Int(
        SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
          | SSL_MODE_RELEASE_BUFFERS))
    copenssl_set_read_ahead(context, 1)
    copenssl_disable_session_cache(context)
  }
}
