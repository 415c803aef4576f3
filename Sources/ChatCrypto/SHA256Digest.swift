/// What SHA-256 makes of some bytes: 32 bytes, which no other bytes are known to give.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// How many bytes it has.
  package static let byteCount = 32

  /// Its bytes, eight to a word, the first in the highest place.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Takes over 32 bytes.
  init(digestBytes bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == Self.byteCount, "a SHA-256 has 32 bytes")
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Reads what `hex` writes, in lower or upper case.
  ///
  /// - Returns: `nil` unless the text is exactly 64 hexadecimal digits of ASCII.
  package init?(hex: String) {
    var digits: [UInt64] = []
    digits.reserveCapacity(2 * Self.byteCount)
    for byte in hex.utf8 {
      guard digits.count < 2 * Self.byteCount, let digit = Self.value(ofDigit: byte) else {
        return nil
      }
      digits.append(digit)
    }
    guard digits.count == 2 * Self.byteCount else { return nil }
    func word(_ index: Int) -> UInt64 {
      digits[16 * index..<16 * index + 16].reduce(0) { $0 << 4 | $1 }
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Takes over 32 bytes; `nil` if they are more or less.
  package init?(bytes: ArraySlice<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self = bytes.span.withUnsafeBytes { SHA256Digest(digestBytes: $0) }
  }

  /// Appends its 32 bytes.
  package func append(to bytes: inout [UInt8]) {
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
  }

  /// Its 64 hexadecimal digits, in lower case.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * Self.byteCount)
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: 60, through: 0, by: -4) {
        text.append(digits[Int(word >> UInt64(shift) & 0xF)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// For a log.
  package var description: String { hex }

  /// Whether they are the same 32 bytes.
  package static func == (left: Self, right: Self) -> Bool { left.words == right.words }

  /// Feeds all of it to a hasher.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }

  private static func value(ofDigit byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
