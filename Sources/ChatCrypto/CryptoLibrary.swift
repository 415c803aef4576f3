internal import COpenSSL

/// OpenSSL as a whole.
package enum CryptoLibrary {
  /// Has the library leave its memory alone when the process ends: threads that are still in it, such as those of
  /// transfers, would find it gone (OPENSSL_init_crypto(3)).
  ///
  /// Thread: main, before anything else uses the library.
  package static func outliveMain() {
    // If it can't be set up now, whoever uses it first is told so.
    _ = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
  }
}
