/// Text in a URL (RFC 3986, section 2).
package enum PercentEncoding {
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// The text as one segment of a path, or one value of a field (RFC 8187): letters, digits, `-`, `.`, `_` and `~` as they
  /// are, each other byte as `%` and two digits.
  package static func encoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if HTTPCharacters.isLetterOrDigit(byte) || "-._~".utf8.contains(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text of which this was made; `nil` if it is none: `%` without two digits, or no UTF-8.
  package static func decoded(_ text: some StringProtocol) -> String? {
    decodedBytes(text).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// The bytes of which this was made; `nil` if there is a `%` without two digits.
  static func decodedBytes(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(HTTPCharacters.hexadecimal),
        let low = rest.popFirst().flatMap(HTTPCharacters.hexadecimal)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
