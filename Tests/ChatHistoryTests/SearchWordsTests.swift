import ChatHistory
import Foundation
import TestKit
import Testing

@Suite("SearchWords")
struct SearchWordsTests {
  static func split(_ text: String) -> String { split(Array(text.utf8)) }

  static func split(_ text: [UInt8]) -> String {
    var words: [UInt8] = []
    text.withUnsafeBytes { SearchWords.split($0, into: &words) }
    return String(decoding: words, as: UTF8.self)
  }

  @Test(
    "a word is a run of letters, marks and digits, in lower case",
    arguments: [
      ("", " "), (" ", " "), ("--", " "), ("a", " a "), ("Hello, World!", " hello world "),
      ("alice: it's 10:30", " alice it s 10 30 "), ("  x  ", " x "), ("a_b-c.d", " a b c d "),
      ("ÜNAL says Straße", " ünal says strasse "), ("Привет, МИР", " привет мир "),
      ("ΣΊΣΥΦΟΣ", " σίσυφοσ "), ("σίσυφος", " σίσυφοσ "), ("a🎉b", " a b "), ("🎉", " "),
      ("x² Ⅷ ٣", " x² ⅷ ٣ "), ("देवी नमस्ते", " देवी नमस्ते "), ("co\u{AD}op", " coop "),
      ("می\u{200C}خواهم", " میخواهم "), ("a\u{FFFD}b", " a b "),
      ("\"NEAR(a b)\" OR c*", " near a b or c "),
    ])
  func words(_ text: String, _ expected: String) {
    #expect(Self.split(text) == expected)
    #expect(Array(Self.split(text).utf8) == Array(expected.utf8))
  }

  @Test(
    "scripts that set no spaces have a word a letter",
    arguments: [
      ("東京タワー", " 東 京 タ ワ ー "), ("ひらがな", " ひ ら が な "), ("abc漢字def", " abc 漢 字 def "),
      ("ไทย", " ไ ท ย "), ("ที่นี่", " ที่ นี่ "), ("한국어 말", " 한국어 말 "), ("𠮷野家", " 𠮷 野 家 "),
    ])
  func letters(_ text: String, _ expected: String) {
    #expect(Self.split(text) == expected)
  }

  @Test("a text in another normalization form has the same words")
  func normalization() {
    for text in ["Amélie", "ÜNAL", "が", "한국어", "Ὀδυσσεύς", "ᾳ", "ệ", "Å"] {
      let words = Array(Self.split(text).utf8)
      #expect(Array(Self.split(text.decomposedStringWithCanonicalMapping).utf8) == words, "\(text)")
      #expect(Array(Self.split(text.uppercased()).utf8) == words, "\(text)")
    }
  }

  @Test("whatever bytes come, there are words and single spaces")
  func random() {
    SeededRandom.run { random in
      for _ in 0..<20_000 {
        let text = RandomText.any(using: &random)
        let words = Array(Self.split(text).utf8)
        #expect(words.first == 0x20 && words.last == 0x20)
        #expect(!zip(words, words.dropFirst()).contains { $0 == 0x20 && $1 == 0x20 })
        #expect(
          words.allSatisfy {
            $0 >= 0x80 || $0 == 0x20 || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
          })
        // The fast path does what the other one does, which an é calls for.
        if text.allSatisfy({ $0 < 0x80 }) {
          #expect(Array(Self.split(text + Array(" é".utf8)).utf8) == words + Array("é ".utf8))
        }
      }
    }
  }
}

/// Text for property tests.
enum RandomText {
  /// Up to 40 characters or bytes of all kinds, ill-formed UTF-8 included.
  static func any(using random: inout SeededRandom) -> [UInt8] {
    let kind = Int.random(in: 0..<4, using: &random)
    var text: [UInt8] = []
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      switch kind {
      case 0: text.append(.random(in: 0...127, using: &random))
      case 1: text.append(.random(in: 0...255, using: &random))
      case 2:
        let scalar = Unicode.Scalar(UInt32.random(in: 0...0x2FFFF, using: &random)) ?? " "
        text += String(scalar).utf8
      default: text += (pieces.randomElement(using: &random) ?? "").utf8
      }
    }
    return text.filter { $0 != 0x0A }
  }

  static let pieces = [
    "a", "b", "A", "B", " ", " ", "-", "\"", "*", "é", "e\u{301}", "É", "ß", "SS", "ς", "Σ", "漢",
    "字",
    "か", "\u{3099}", "ｶ", "ไ", "1", "²", "\u{200D}", "\u{FE0F}", "🎉", "_", "'", "İ", "ı", "\u{345}",
  ]
}
