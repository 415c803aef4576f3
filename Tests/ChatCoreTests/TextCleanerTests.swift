import ChatCore
import TestKit
import Testing

@Suite("TextCleaner")
struct TextCleanerTests {
  private static func clean(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    TextCleaner.append(bytes.span, to: &output)
    return output
  }

  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09: false
    case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// The same by the standard library's decoder, which replaces maximal subparts too.
  private static func reference(_ bytes: [UInt8]) -> String {
    let decoded = String(decoding: bytes, as: UTF8.self).unicodeScalars
    return String(String.UnicodeScalarView(decoded.map { isForbidden($0) ? "\u{FFFD}" : $0 }))
  }

  @Test("ordinary text stays as it is, whatever its language")
  func ordinary() {
    for text in [
      "", "hello", "a\tb", "Grüße", "Привет, как дела?", "你好", "👩‍👩‍👧‍👦 🇩🇪", "שלום", "e\u{301}",
    ] {
      #expect(Self.clean(Array(text.utf8)) == Array(text.utf8))
    }
  }

  @Test("every control character, separator of lines and bidirectional override is replaced alone")
  func everyScalar() {
    var wrong: [UInt32] = []
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let expected = Self.isForbidden(scalar) ? "\u{FFFD}" : String(scalar)
      // Beside other text too, so that both ways through the cleaner are taken.
      if Self.clean(Array("a\(scalar)b".utf8)) != Array("a\(expected)b".utf8) {
        wrong.append(value)
      }
    }
    #expect(wrong == [])
  }

  @Test("every byte is judged alike wherever it stands in a longer text")
  func everyPlace() {
    for place in 0..<20 {
      for byte in UInt8.min...UInt8.max {
        var bytes = [UInt8](repeating: UInt8(ascii: "~"), count: 20)
        bytes[place] = byte
        #expect(Self.clean(bytes) == Array(Self.reference(bytes).utf8), "\(byte) at \(place)")
      }
    }
  }

  @Test("terminal sequences lose what makes them work")
  func terminalSequences() {
    let text = TextCleaner.clean(Array("\u{1B}[2J\u{1B}]0;title\u{07}\u{9B}31m\r\u{8}".utf8).span)
    #expect(text == "\u{FFFD}[2J\u{FFFD}]0;title\u{FFFD}\u{FFFD}31m\u{FFFD}\u{FFFD}")
  }

  @Test("ill-formed bytes become one replacement for each maximal subpart")
  func illFormed() {
    // The example of Unicode's table 3-8 to 3-11.
    #expect(
      TextCleaner.clean(([0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41] as [UInt8]).span)
        == String(repeating: "\u{FFFD}", count: 8) + "A")
    #expect(
      TextCleaner.clean(([0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41] as [UInt8]).span)
        == "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A")
    #expect(
      TextCleaner.clean(([0xED, 0xA0, 0x80, 0xF4, 0x91, 0x92, 0x93, 0xFF] as [UInt8]).span)
        == String(repeating: "\u{FFFD}", count: 8))
  }

  @Test("100,000 random inputs come out as the standard library decodes them, and clean")
  func random() {
    SeededRandom.run { random in
      let interesting: [UInt8] = [
        0x09, 0x20, 0x41, 0x7F, 0x1B, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xAA, 0xAE, 0xA6, 0xA9, 0xBF,
        0xC0, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
      ]
      for _ in 0..<100_000 {
        let bytes: [UInt8] = (0..<Int.random(in: 0...24, using: &random)).map { _ in
          Bool.random(using: &random)
            ? interesting[Int.random(in: 0..<interesting.count, using: &random)]
            : UInt8.random(in: 0...255, using: &random)
        }
        let cleaned = Self.clean(bytes)
        if cleaned != Array(Self.reference(bytes).utf8) || Self.clean(cleaned) != cleaned {
          Issue.record("\(bytes) became \(cleaned)")
          return
        }
      }
    }
  }
}
