import ChatClientModel
import Testing

@Suite("ShellWords")
struct ShellWordsTests {
  @Test("bytes outside UTF-8 stand for themselves, in quotes and after a backslash, too")
  func bytes() {
    let line: [UInt8] = [
      0xE9, 0x5C, 0xFF, 0x20, 0x22, 0xC3, 0x22, 0x27, 0x80, 0x27, 0x20, 0x7E, 0x2F,
    ]
    let home: [UInt8] = [0x2F, 0xFE]
    #expect(
      ShellWords.split(line, home: home) == [
        [0xE9, 0xFF], [0xC3, 0x80], [0x2F, 0xFE, 0x2F],
      ])
  }

  @Test(
    "spaces, quotes, backslashes and the home folder, as in a shell",
    arguments: [
      ("a b", ["a", "b"]), (#"a\ b  c"#, ["a b", "c"]), (#""a b" 'c d'e"#, ["a b", "c de"]),
      ("~/x ~ y~ '~/x'", ["/home/me/x", "/home/me", "y~", "~/x"]), (#""a\"b\c""#, [#"a"b\c"#]),
      (#"'a\'"#, [#"a\"#]), ("~bob", ["~bob"]), ("", []), ("  ", []), ("''", [""]),
      (#"a\"#, [#"a\"#]),
      ("\"a", nil), ("'a", nil),
    ] as [(String, [String]?)])
  func split(_ text: String, _ words: [String]?) {
    #expect(
      ShellWords.split(Array(text.utf8), home: Array("/home/me".utf8))
        == words?.map { Array($0.utf8) })
  }
}
