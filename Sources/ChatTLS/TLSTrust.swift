internal import COpenSSL
package import ChatSystem

/// Whom a client trusts: the system's authorities or those of a file (an SSL_CTX), and a key that it knows.
///
/// Owns: the SSL_CTX.
///
/// Thread: any.
package final class TLSTrust: @unchecked Sendable {
  // Safety: the context is not changed after `init`.

  /// What a handshake found out about the server.
  package struct Verdict: Sendable, Equatable {
    /// The fingerprint of the server's key, which it has proven to hold.
    package let fingerprint: KeyFingerprint
    /// Why its certificate proves nothing, in OpenSSL's words; `nil` if a trusted authority says that it is the host.
    package let doubt: String?
  }

  let context: OpaquePointer
  /// What is spoken inside, by its name in ALPN.
  private let application: String

  /// Trusts the system's authorities.
  ///
  /// - Parameters:
  ///   - authorities: a file of certificates in PEM; trusted instead of the system's.
  ///   - application: what is spoken inside, by its name in ALPN (RFC 7301).
  /// - Throws: `TLSError` of kind `file`, which names the file.
  package init(
    authorities: FilePath? = nil, speaking application: String = "chat"
  ) throws(TLSError) {
    self.application = application
    guard let context = SSL_CTX_new(TLS_client_method()) else {
      throw TLSError(call: "SSL_CTX_new")
    }
    do throws(TLSError) {
      try TLSContext.configure(context)
      if let authorities {
        let certificates = try PEM.certificates(in: authorities)
        defer { for certificate in certificates { X509_free(certificate) } }
        let store = SSL_CTX_get_cert_store(context)
        for certificate in certificates where X509_STORE_add_cert(store, certificate) != 1 {
          throw TLSError(call: "X509_STORE_add_cert")
        }
      } else {
        // A system without authorities is one on which no certificate proves anything.
        _ = SSL_CTX_set_default_verify_paths(context)
        ERR_clear_error()
      }
    } catch {
      SSL_CTX_free(context)
      throw error
    }
    // The handshake goes on in any case: the caller decides by the verdict.
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
    KeyLog.attach(to: context)
    self.context = context
  }

  deinit { SSL_CTX_free(context) }

  /// Sets up a session with a host.
  func prepare(_ session: OpaquePointer, _ host: String) throws(TLSError) {
    // An interface's name may follow an address.
    let host = String(host.prefix { $0 != "%" })
    let rules = SSL_get0_param(session)
    if X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1 {
      ERR_clear_error()
      guard X509_VERIFY_PARAM_set1_host(rules, host, 0) == 1,
        copenssl_set_host_name(session, host) == 1
      else { throw TLSError(call: "X509_VERIFY_PARAM_set1_host") }
    }
    let name = Array(application.utf8)
    // It returns 0 for success.
    guard SSL_set_alpn_protos(session, [UInt8(name.count)] + name, UInt32(name.count + 1)) == 0
    else { throw TLSError(call: "SSL_set_alpn_protos") }
  }

  /// What is known of the server after the handshake.
  func verdict(on session: OpaquePointer) throws(TLSError) -> Verdict {
    guard let certificate = copenssl_peer_certificate(session) else {
      throw TLSError(.handshake, "the server has no certificate")
    }
    defer { X509_free(certificate) }
    let result = SSL_get_verify_result(session)
    let doubt =
      result == Int(X509_V_OK) ? nil : String(cString: X509_verify_cert_error_string(result))
    return Verdict(fingerprint: try KeyFingerprint(ofKeyIn: certificate), doubt: doubt)
  }
}
