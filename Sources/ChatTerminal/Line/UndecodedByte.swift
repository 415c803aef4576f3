/// Bytes that are not UTF-8 in a line that is edited as text: each becomes a private scalar, and a byte again when the
/// line is done. Pure.
///
/// The scalars are U+10FE80–U+10FEFF. If one of those is typed, its bytes are treated in the same way, so that the
/// mapping stays unambiguous.
enum UndecodedByte {
  private static let first: UInt32 = 0x10_FE00

  /// The scalar for a byte from 0x80 on.
  static func scalar(for byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(first + UInt32(byte)) ?? "\u{FFFD}"
  }

  /// The byte that a scalar stands for; `nil` for a character.
  static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    first + 0x80...first + 0xFF ~= scalar.value ? UInt8(scalar.value - first) : nil
  }

  /// Bytes as text to be edited.
  static func text(of bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var index = 0
    while true {
      let count: Int
      switch parser.parseScalar(from: &rest) {
      case .emptyInput: return String(text)
      case .error(let length): count = length
      case .valid(let encoded):
        count = encoded.count
        let scalar = Unicode.UTF8.decode(encoded)
        if byte(of: scalar) == nil {
          text.append(scalar)
          index += count
          continue
        }
      }
      text.append(contentsOf: bytes[index..<index + count].map(Self.scalar))
      index += count
    }
  }

  /// The bytes of text that was edited.
  static func bytes(of text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar in
      byte(of: scalar).map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// Edited text for display: U+FFFD for each of these bytes.
  static func shown(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      shown.append(byte(of: scalar) == nil ? scalar : "\u{FFFD}")
    }
    return String(shown)
  }
}
