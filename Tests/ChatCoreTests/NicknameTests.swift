import ChatCore
import Testing

@Suite("Nickname")
struct NicknameTests {
  @Test(
    "letters, digits, '-', '_' and '.' of any language make a nickname",
    arguments: [
      "a", "Alice", "bob-2_x.y", "Ünal", "Привет", "你好", "देवी", "12345678901234567890123456789012",
    ])
  func valid(_ text: String) throws {
    #expect(try Nickname(text).text == text)
  }

  @Test(
    "anything else does not",
    arguments: [
      "", " ", "a b", " a", "a ", "a:b", "[a]", "a\tb", "a\u{0}", "a\u{1B}[2J", "a\u{FFFD}", "a@b",
      "a/b", "🎉", "a\u{202E}b", "a\u{200B}", "a\u{200D}b", "a\u{34F}", "\u{3164}", "a\u{FE0F}",
      "\u{301}a", "a\u{20DD}", "123456789012345678901234567890123", "server", "Server", "SERVER",
    ])
  func invalid(_ text: String) {
    #expect { try Nickname(text) } throws: { ($0 as? Refusal)?.code == .nickInvalid }
  }

  @Test("32 characters are enough, and so are 64 bytes")
  func limits() throws {
    #expect(try Nickname(String(repeating: "é", count: 32)).text.utf8.count == 64)
    #expect(throws: Refusal.self) { try Nickname(String(repeating: "é", count: 33)) }
    #expect(throws: Refusal.self) { try Nickname(String(repeating: "好", count: 22)) }
    #expect(throws: Refusal.self) { try Nickname(String(repeating: "x", count: 100_000)) }
  }

  @Test("it is kept in normalization form C")
  func normalized() throws {
    let decomposed = try Nickname("Ame\u{301}lie")
    #expect(Array(decomposed.text.unicodeScalars) == Array("Am\u{E9}lie".unicodeScalars))
    #expect(try decomposed == Nickname("Am\u{E9}lie"))
  }

  @Test("two nicknames that differ in case are the same")
  func cases() throws {
    #expect(try Nickname("Alice") == Nickname("aLICE"))
    #expect(try Nickname("ÜNAL") == Nickname("ünal"))
    #expect(try Nickname("Straße") == Nickname("STRASSE"))
    #expect(try Nickname("ΣΙΣΥΦΟΣ") == Nickname("σισυφος"))
    #expect(try Nickname("alice") != Nickname("alicia"))
  }
}
