/// What a browser does with a file (RFC 6266), and how it calls it.
package enum ContentDisposition: Sendable {
  /// It shows it.
  case inline
  /// It saves it.
  case attachment

  /// The value of the field.
  ///
  /// `filename` is for programs that know nothing else: in it, what is not plain ASCII is `_`. `filename*` has the whole
  /// name (RFC 8187).
  package func value(naming name: String) -> ResponseHead.Value? {
    let plain = name.unicodeScalars.map { scalar -> Character in
      let isPlain = (0x20...0x7E).contains(scalar.value) && !"\"\\%".unicodeScalars.contains(scalar)
      return isPlain ? Character(scalar) : "_"
    }
    let kind = self == .inline ? "inline" : "attachment"
    return ResponseHead.Value(
      "\(kind); filename=\"\(String(plain))\"; filename*=UTF-8''\(PercentEncoding.encoded(name))")
  }
}
