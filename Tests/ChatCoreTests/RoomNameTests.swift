import ChatCore
import TestKit
import Testing

@Suite("RoomName")
struct RoomNameTests {
  @Test("a room is the lobby, public, or private")
  func kinds() throws {
    #expect(try RoomName("lobby") == .lobby)
    #expect(try RoomName("lobby").kind == .lobby)
    #expect(try RoomName("#swift").kind == .public)
    #expect(try RoomName("xehyBK").kind == .private)
    #expect(try RoomName("xehyBK").text == "xehyBK")
  }

  @Test("a public name has no case, a code has")
  func letterCase() throws {
    #expect(try RoomName("#Swift") == RoomName("#swift"))
    #expect(try RoomName("#Swift").text == "#swift")
    #expect(try RoomName("#Ünal") == RoomName("#\u{75}\u{308}nal"))
    #expect(try RoomName("XEHYBK") != RoomName("xehybk"))
    #expect(try RoomName("#server").text == "#server")
  }

  @Test(
    "anything else is no room",
    arguments: [
      "", "#", "# ", "#a b", "#a:b", "#\u{202E}", "Lobby", "abcde", "abcdefg", "abcde1", "abcdé",
      "#" + String(repeating: "x", count: 33), "#" + String(repeating: "é", count: 200), "../x",
      "#a/b",
      "##", "#\u{301}",
    ])
  func refused(_ name: String) {
    #expect { try RoomName(name) } throws: { ($0 as? Refusal)?.code == .roomNotFound }
  }

  @Test("codes are six letters, and hardly ever the same")
  func codes() throws {
    SeededRandom.run { random in
      let codes = (0..<1_000).map { _ in RoomName.code(using: &random) }
      for code in codes { #expect((try? RoomName(code.text)) == code) }
      #expect(Set(codes).count == codes.count)
      // Every letter of both cases comes up.
      #expect(Set(codes.flatMap { Array($0.text.utf8) }).count == 52)
    }
  }
}
