/// What requests of tus 1.0 say in their fields (https://tus.io/protocols/resumable-upload). Pure.
package enum TusFields {
  /// The version that is spoken.
  package static let version: ResponseHead.Value = "1.0.0"
  /// What of it besides the core.
  package static let extensions: ResponseHead.Value = "creation,checksum,termination,expiration"

  /// The pairs of `Upload-Metadata`: keys, and values in base64; `nil` if they are none.
  package static func metadata(_ text: String) -> [String: String]? {
    var pairs: [String: String] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = HTTPCharacters.trimmed(part).split(separator: " ")
      guard let key = words.first, words.count <= 2,
        let bytes = Base64.decoded(words.count == 2 ? words[1] : ""),
        let value = String(validating: bytes, as: UTF8.self),
        pairs.updateValue(value, forKey: String(key)) == nil
      else { return nil }
    }
    return pairs
  }

  /// A number of bytes in a field that comes once; `nil` if it is none.
  package static func count(_ name: String, in head: RequestHead) -> UInt64? {
    head.fields[name].flatMap { $0.utf8.count <= 19 ? HTTPCharacters.decimal($0) : nil }
  }

  /// The checksum of a request's body.
  package enum Checksum: Sendable, Equatable {
    case none
    /// The SHA-256, 32 bytes.
    case sha256([UInt8])
    /// Another algorithm, or no checksum at all.
    case unknown

    /// Reads `Upload-Checksum`.
    package init(_ head: RequestHead) {
      let values = head.fields.values("upload-checksum")
      guard let text = values.first else {
        self = .none
        return
      }
      let words = text.split(separator: " ")
      guard values.count == 1, words.count == 2, HTTPCharacters.lowercased(words[0]) == "sha256",
        let bytes = Base64.decoded(words[1]), bytes.count == 32
      else {
        self = .unknown
        return
      }
      self = .sha256(bytes)
    }
  }

  /// The method that a request means, whatever its own is.
  package static func method(of head: RequestHead) -> String {
    head.fields["x-http-method-override"] ?? head.method
  }

  /// The token of `Authorization: Bearer` (RFC 6750, section 2.1); `nil` if there is none.
  package static func bearerToken(of head: RequestHead) -> String? {
    guard let words = head.fields["authorization"]?.split(separator: " "), words.count == 2,
      HTTPCharacters.lowercased(words[0]) == "bearer"
    else { return nil }
    return String(words[1])
  }
}
