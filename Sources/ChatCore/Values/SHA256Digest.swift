/// What SHA-256 (FIPS 180-4) makes of some bytes: 32 bytes, which no other bytes are known to give.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// How many bytes it has.
  public static let byteCount = 32

  /// Its bytes, eight to a word, the first in the highest place.
  private let words: InlineArray<4, UInt64>

  /// Takes over 32 bytes.
  public init(_ bytes: InlineArray<32, UInt8>) {
    words = InlineArray { word in
      (8 * word..<8 * word + 8).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
  }

  /// Takes over 32 bytes; `nil` if they are more or less.
  public init?(bytes: ArraySlice<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init(InlineArray { bytes[bytes.startIndex + $0] })
  }

  /// Reads what `hex` writes, in lower or upper case.
  ///
  /// - Returns: `nil` unless the text is exactly 64 hexadecimal digits of ASCII.
  public init?(hex: String) {
    guard hex.utf8.count == 2 * Self.byteCount else { return nil }
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    for (index, byte) in hex.utf8.enumerated() {
      guard let digit = Self.value(ofDigit: byte) else { return nil }
      bytes[index / 2] = bytes[index / 2] << 4 | digit
    }
    self.init(bytes)
  }

  /// Appends its 32 bytes.
  public func append(to bytes: inout [UInt8]) {
    for index in words.indices {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: words[index] >> shift))
      }
    }
  }

  /// Its 64 hexadecimal digits, in lower case.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * Self.byteCount)
    for index in words.indices {
      for shift in stride(from: UInt64(60), through: 0, by: -4) {
        text.append(digits[Int(words[index] >> shift & 0xF)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// For a log.
  public var description: String { hex }

  /// Whether they are the same 32 bytes.
  public static func == (left: Self, right: Self) -> Bool {
    left.words.indices.allSatisfy { left.words[$0] == right.words[$0] }
  }

  /// Feeds all of it to a hasher.
  public func hash(into hasher: inout Hasher) {
    for index in words.indices { hasher.combine(words[index]) }
  }

  private static func value(ofDigit byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
