internal import COpenSSL

/// A call into OpenSSL that failed: it has no memory left, or was built without what was asked for.
package struct CryptoError: Error, Equatable, CustomStringConvertible {
  /// The call's name, as its man page has it.
  package let call: String
  /// OpenSSL's own words for the error.
  package let reason: String

  /// Makes an error of the oldest one in the calling thread's queue (ERR_get_error(3)), and empties
  /// the queue, so that the next failure is not explained by this one.
  init(_ call: String) {
    self.call = call
    let code = ERR_get_error()
    var words = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &words, words.count)
    reason = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    ERR_clear_error()
  }

  /// For a log.
  package var description: String { "\(call): \(reason)" }
}
