/// Which bytes may stand where (RFC 9110, section 5.6; RFC 3986, section 2).
enum HTTPCharacters {
  static let space = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")
  static let carriageReturn = UInt8(ascii: "\r")
  static let lineFeed = UInt8(ascii: "\n")

  /// `tchar`: methods, field names and many values are made of it.
  static func isToken(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }

  static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }

  /// `VCHAR`: visible ASCII.
  static func isVisible(_ byte: UInt8) -> Bool { 0x21...0x7E ~= byte }

  /// Whether a field's value may hold it: visible ASCII, spaces, tabs, and `obs-text`, which is opaque.
  static func isFieldValue(_ byte: UInt8) -> Bool {
    isVisible(byte) || byte == space || byte == tab || byte >= 0x80
  }

  /// The value of a hexadecimal digit.
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// A number of decimal digits and nothing else; `nil` if it is none, or too large.
  static func decimal(_ text: some StringProtocol) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
    return UInt64(text)
  }

  /// Text without the spaces and tabs around it.
  static func trimmed(_ text: some StringProtocol) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
    var rest = Substring(text).utf8.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return String(Substring(rest))
  }

  /// ASCII letters in lower case, all else as it is.
  static func lowercased(_ text: some StringProtocol) -> String {
    String(
      decoding: text.utf8.map {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0
      }, as: UTF8.self)
  }
}
