internal import COpenSSL
internal import ChatSystem

/// Certificates and keys in PEM (RFC 7468).
enum PEM {
  /// The largest file that is read.
  private static let limitBytes = 1_048_576

  /// The certificates of a file, at least one; the caller frees each (X509_free).
  ///
  /// - Throws: `TLSError` of kind `file`, which names the file.
  static func certificates(in path: FilePath) throws(TLSError) -> [OpaquePointer] {
    try certificates(in: try contents(of: path), name: "\(path)")
  }

  /// The same of bytes.
  static func certificates(
    in bytes: [UInt8], name: String
  ) throws(TLSError) -> [OpaquePointer] {
    var found: [OpaquePointer] = []
    withMemory(bytes) {
      while let next = PEM_read_bio_X509($0, nil, noPassword, nil) { found.append(next) }
    }
    // Where there is no other one, this is said (PEM_read_bio_X509(3)).
    let isAtEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
    ERR_clear_error()
    guard isAtEnd || found.isEmpty else {
      for certificate in found { X509_free(certificate) }
      throw TLSError(.file, "\(name): certificate \(found.count + 1) is damaged")
    }
    guard !found.isEmpty else { throw TLSError(.file, "\(name): holds no certificate in PEM") }
    return found
  }

  /// The private key of a file; the caller frees it (EVP_PKEY_free).
  ///
  /// - Throws: `TLSError` of kind `file`, which names the file.
  static func privateKey(in path: FilePath) throws(TLSError) -> OpaquePointer {
    let bytes = try contents(of: path)
    var key: OpaquePointer?
    withMemory(bytes) { key = PEM_read_bio_PrivateKey($0, nil, noPassword, nil) }
    ERR_clear_error()
    if let key { return key }
    let isEncrypted = String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED")
    throw TLSError(
      .file,
      isEncrypted
        ? "\(path): the key is encrypted, and there is nobody to ask for its password"
        : "\(path): holds no private key in PEM")
  }

  /// A certificate in PEM.
  static func text(ofCertificate certificate: OpaquePointer) throws(TLSError) -> [UInt8] {
    try text("PEM_write_bio_X509") { PEM_write_bio_X509($0, certificate) }
  }

  /// A private key in PEM, not encrypted.
  static func text(ofKey key: OpaquePointer) throws(TLSError) -> [UInt8] {
    try text("PEM_write_bio_PrivateKey") {
      PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil)
    }
  }

  private static func text(
    _ call: String, _ body: (OpaquePointer) -> CInt
  ) throws(TLSError) -> [UInt8] {
    guard let memory = BIO_new(BIO_s_mem()) else { throw TLSError(call: "BIO_new") }
    defer { BIO_free(memory) }
    var data: UnsafeMutablePointer<CChar>?
    guard body(memory) == 1 else { throw TLSError(call: call) }
    let count = copenssl_mem_data(memory, &data)
    return UnsafeRawBufferPointer(start: data, count: count).map { $0 }
  }

  private static func contents(of path: FilePath) throws(TLSError) -> [UInt8] {
    do throws(SystemError) {
      let file = try RegularFile(toRead: path)
      let size = Int(min(try file.status().sizeBytes, UInt64(limitBytes)))
      var bytes = [UInt8](repeating: 0, count: size)
      let count = try file.read(into: &bytes, 0..<size, at: 0)
      return Array(bytes.prefix(count))
    } catch {
      throw TLSError(.file, "\(path): \(error.reason)")
    }
  }

  private static func withMemory(_ bytes: [UInt8], _ body: (OpaquePointer) -> Void) {
    bytes.withUnsafeBytes { bytes in
      guard let memory = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count)) else { return }
      defer { BIO_free(memory) }
      body(memory)
    }
  }

  /// Nobody is asked for a password (pem_password_cb(3)).
  private static let noPassword:
    @convention(c) (
      UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?
    ) -> CInt = { _, _, _, _ in -1 }
}
