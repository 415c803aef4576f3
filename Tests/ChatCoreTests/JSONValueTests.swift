import ChatCore
import FoundationEssentials
import TestKit
import Testing

@Suite("JSONValue")
struct JSONValueTests {
  private static func reference(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  @Test("any string is written as Foundation writes it")
  func strings() throws {
    let scalars = (0..<0x120).compactMap { Unicode.Scalar($0) } + ["\u{2028}", "\u{FFFD}", "👩"]
    for scalar in scalars {
      let text = "a\(Character(scalar))/"
      #expect(try JSONValue.string(text).text == Self.reference(text), "\(scalar.value)")
    }
  }

  @Test("keys are sorted as Foundation sorts them")
  func keys() throws {
    let letters = Array("aAbBz019#-_éÀ照") + ["e\u{301}", "A\u{300}"]
    try SeededRandom.run { random in
      for _ in 0..<300 {
        let names = (0..<6).map { _ in
          String((0..<3).map { _ in letters.randomElement(using: &random) ?? "a" })
        }
        let fields = Dictionary(names.map { ($0, 1) }) { $1 }
        let reference = try Self.reference(fields)
        let value = JSONValue.object(fields.mapValues { .integer(Int128($0)) })
        #expect(value.text == reference)
      }
    }
  }

  @Test("arrays, objects and the ends of the numbers")
  func nesting() {
    let value = JSONValue.object([
      "b": .array([.integer(Int128(UInt64.max)), .integer(Int128(Int.min)), .array([])]),
      "a": .object([:]),
    ])
    #expect(value.text == #"{"a":{},"b":[18446744073709551615,-9223372036854775808,[]]}"#)
  }

  @Test("truth is written as Foundation writes it")
  func bools() throws {
    let value = JSONValue.object(["a": .bool(true), "b": .bool(false)])
    #expect(try value.text == Self.reference(["a": true, "b": false]))
  }
}
