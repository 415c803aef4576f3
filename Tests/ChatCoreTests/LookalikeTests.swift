import ChatCore
import Testing

/// What nicknames look like, and who may bear them.
@Suite("Look-alikes")
struct LookalikeTests {
  private static func areAlike(_ one: String, _ other: String) throws -> Bool {
    let looks = try Nickname.spelled(one).lookalikes
    return !looks.isDisjoint(with: try Nickname.spelled(other).lookalikes)
  }

  @Test(
    "names that look alike have a skeleton in common",
    arguments: [
      ("alice", "ALICE"), ("alice", "аlice"), ("alice", "ａｌｉｃｅ"), ("ALICE", "ａｌｉｃｅ"),
      ("alice", "ＡＬＩＣＥ"), ("alice", "𝐚𝐥𝐢𝐜𝐞"), ("alice", "𝐀𝐥𝐢𝐜𝐞"), ("alice", "𝔄𝔏ℑℭ𝔈"),
      ("alice", "𝒜lice"), ("alice", "αlice"), ("alice", "ɑlice"), ("alice", "alıce"),
      ("alice", "a1ice"), ("alice", "aIice"), ("ALICE", "aIice"), ("mike", "rnike"),
      ("coco", "сосо"), ("COCO", "сосо"), ("scope", "ѕсоре"), ("paypal", "раураl"),
      ("alice", "ali\u{307}ce"), ("alice", "al\u{131}\u{307}ce"), ("alice", "ALlCE"),
      ("alice", "AL1CE"),
      ("jo", "\u{237}\u{307}o"), ("alice", "al\u{456}\u{307}ce"), ("alice", "ALİCE"), ("i", "l"),
      ("u0", "uo"),
      ("bob", "ЬоЬ"), ("u0", "uO"), ("user1", "userl"), ("Straße", "STRASSE"), ("dz", "ǳ"),
      ("٥", "۵"), ("ñandu", "n\u{303}andu"), ("x_1", "х_1"), ("a-b", "a-Ƅ"), ("quartz", "ｑｕａｒｔｚ"),
      ("QUARTZ", "ｑｕａｒｔｚ"), ("quartz", "ＱＵＡＲＴＺ"), ("stuv", "𝕊𝕥𝓾𝐕"), ("カナ", "ｶﾅ"), ("Ύ", "ϓ"),
      // U+1D400 and so on are runs in the table: their ends and middle.
      ("a", "𝐚"), ("z", "𝐳"), ("m", "𝐦"), ("9", "𝟗"), ("9", "𝟿"), ("0", "𝟶"),
    ])
  func alike(_ one: String, _ other: String) throws {
    #expect(try Self.areAlike(one, other))
    #expect(try Self.areAlike(other, one))
  }

  @Test(
    "others do not",
    arguments: [
      ("alice", "alicia"), ("user1", "user2"), ("user1", "user11"), ("user10", "user1O0"),
      ("a", "a\u{307}"), ("i", "i\u{301}\u{307}"), ("bob", "bob_"), ("bob-", "bob_"), ("ю", "я"),
      ("好", "你"),
      ("a", "á"), ("дима", "dima"), ("u", "v"), ("rn", "nr"),
    ])
  func different(_ one: String, _ other: String) throws {
    #expect(try !Self.areAlike(one, other))
  }

  @Test("numbered names are all different")
  func numbered() throws {
    for stem in ["user", "u", "c", "", "l", "i", "o", "O", "load-"] {
      let all = try (0..<2_000).map { try Nickname("\(stem)\($0)").lookalikes }
      var owners: [String: Int] = [:]
      for (number, looks) in all.enumerated() {
        for look in looks {
          #expect(owners.updateValue(number, forKey: look) == nil, "\(stem)\(number): \(look)")
        }
      }
    }
  }

  @Test(
    "scripts that are written together make a nickname",
    arguments: [
      "bob-7_x", "Zoë", "дима-7", "Ωμέγα", "さくら木", "サクラab", "木ab", "bobㄅ木", "김bob", "김金",
      "देवी", "ދިވެހި", "ابجد٣", "א1", "ⴰⴱ", "e\u{301}", "д\u{306}", "ー", "かー", "カーab",
    ])
  func together(_ name: String) throws {
    #expect(throws: Never.self) { try Nickname(name) }
  }

  @Test(
    "others do not",
    arguments: [
      "bоb", "Ωmega", "аbс", "дimа", "김さ", "ㄅさ", "ㄅ김", "bobд木", "aא", "bob٣", "デж", "ａд", "かㄅ",
    ])
  func mixed(_ name: String) throws {
    #expect { try Nickname(name) } throws: { ($0 as? Refusal)?.code == .nickInvalid }
    // They may stand in an old history all the same.
    #expect(throws: Never.self) { try Nickname.spelled(name) }
  }

  @Test("what the programs say is reserved, however it is written", arguments: ReservedNames.words)
  func reserved(_ word: String) throws {
    let capitalized = word.prefix(1).uppercased() + word.dropFirst()
    let wide = String(
      String.UnicodeScalarView(
        word.unicodeScalars.map { $0 == "-" ? $0 : Unicode.Scalar($0.value + 0xFEE0) ?? $0 }))
    for name in [word, capitalized, word.uppercased(), wide, wide.uppercased()] {
      #expect(throws: Refusal.self, "\(name)") { try Nickname(name) }
    }
    #expect(throws: Never.self) { try Nickname(word + "x") }
  }

  @Test(
    "zeros and ones for letters do not help",
    arguments: ["Y0U", "Y0u", "y0u", "r00Ms", "𝐇𝐞𝐫𝐞", "R00MS", "N0TICE", "ERR0R", "chat-c1ient"])
  func digits(_ name: String) {
    #expect(throws: Refusal.self) { try Nickname(name) }
  }
}
