import ChatPictures
import ChatSystem
import TestKit
import Testing

@Suite("PictureTool: what it writes")
struct PictureToolOutputTests {
  private let folder = PictureFolder()

  /// What is left of a tool's output.
  private func left(
    of output: String, _ format: PictureTool.Format,
    _ picture: PictureSize = PictureSize(width: 100, height: 100)
  ) throws -> String? {
    try folder.program(writing: Array(output.utf8))
    let tool = try #require(
      PictureTool(searchPath: FilePath(try folder.path), patience: .seconds(30)))
    return tool.drawing(
      of: "picture", picture: picture, format: format,
      space: PictureSpace(terminalColumns: 80, cell: PictureSize(width: 10, height: 20))
    ).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("line ends and cursor movements around a picture are left out")
  func surroundings() throws {
    let first = "\u{1B}_Ga=T,s=600,v=300,m=1;AAAA\u{1B}\\"
    let last = "\u{1B}_Gm=0;AAAA\u{1B}\\"
    #expect(
      try left(of: "\u{1B}[?25l\(first)\r\n\(last)\n\u{1B}]0;title\u{07}rm -rf\u{1B}[?25h", .kitty)
        == "\u{1B}_Ga=T,s=600,v=300,m=1,q=2;AAAA\u{1B}\\" + last)
    let sixels = "\u{1B}P0;1;0q\"1;1;600;300#0;2;1;2;3#0!5~-\u{1B}\\"
    #expect(try left(of: "\u{1B}[?80h\(sixels)\n", .sixels) == sixels)
  }

  @Test("the tool's idea of the cells is replaced by ours")
  func cells() throws {
    let output =
      "\u{1B}_Ga=T,f=32,s=10,v=8,c=999,r=999,q=0,m=1\u{1B}\\\u{1B}_Gm=0;AAAA\u{1B}\\"
    let kept = "\u{1B}_Ga=T,f=32,s=10,v=8,m=1,q=2"
    let rest = "\u{1B}\\\u{1B}_Gm=0;AAAA\u{1B}\\"
    for (width, height, fit) in [(100, 100, ""), (1_000, 10, ",c=60"), (10, 1_000, ",r=15")] {
      let picture = PictureSize(width: width, height: height)
      #expect(try left(of: output, .kitty, picture) == kept + fit + rest)
    }
  }

  @Test(
    "of a picture of characters, colours and line ends are left, and nothing else is taken",
    arguments: [
      (
        "\u{1B}[?25l\u{1B}[38;5;1;48:2::1:2:3m▀▄\u{1B}[0m\nab\n\u{1B}[?25h",
        "\u{1B}[38;5;1;48:2::1:2:3m▀▄\u{1B}[0m\u{1B}[0m\nab\u{1B}[0m"
      ),
      ("a\u{1B}[2J\u{1B}[>4mb", "ab\u{1B}[0m"), ("a\u{1B}]0;title\u{7}", nil), ("a\u{1B}c", nil),
      ("a\rb", nil), ("a\u{9B}2J", nil), ("a\u{7}", nil), ("a\u{202E}b", nil), ("a\u{1B}[3", nil),
      ("", nil), (String(repeating: "a", count: 61), nil),
      (String(repeating: "a\n", count: 16), nil),
    ] as [(String, String?)])
  func symbols(output: String, shown: String?) throws {
    #expect(try left(of: output, .symbols) == shown)
  }

  @Test("the other format's sequences are none")
  func otherFormat() throws {
    #expect(try left(of: "\u{1B}Pq\"1;1;1;1~\u{1B}\\", .kitty) == nil)
    #expect(try left(of: "\u{1B}_Ga=T,s=1,v=1;AAAA\u{1B}\\", .sixels) == nil)
  }

  @Test("a picture that isn't whole, or not of printable bytes, is none")
  func damaged() throws {
    for output in [
      "", "\u{1B}", "\u{1B}_", "\u{1B}_G", "\u{1B}_Ga=T,s=1,v=1;AAAA",
      "\u{1B}_Ga=T,s=1,v=1;AAAA\u{1B}",
      "\u{1B}_Ga=T,s=1,v=1;AA\u{1B}[2J\u{1B}\\", "\u{1B}_Ga=T,s=1,v=1;AA\u{07}A\u{1B}\\",
      "\u{1B}_Ga=T,s=1,v=1;AA\nA\u{1B}\\", "\u{1B}_Ga=T,s=1,v=1;A\u{9C}A\u{1B}\\",
      "\u{1B}_Ga=T,s=1,v=1,m=1;AAAA\u{1B}\\\u{1B}_Ga=T,s=1,v=1;AA",
    ] {
      #expect(try left(of: output, .kitty) == nil, "\(output.debugDescription)")
    }
  }

  @Test("a picture larger than the space, or of no told size, is none")
  func tooLarge() throws {
    for keys in [
      "s=601,v=300", "s=600,v=301", "s=600", "s=x,v=1", "s=0,v=1", "s=1,s=1,v=1",
      "s=99999999999999999999,v=1", "",
    ] {
      #expect(try left(of: "\u{1B}_Ga=T,\(keys),m=0;AAAA\u{1B}\\", .kitty) == nil)
    }
    #expect(try left(of: "\u{1B}_Ga=p,s=1,v=1;AAAA\u{1B}\\", .kitty) == nil)
    for output in [
      "1;1;601;300", "1;1;600;301", "1;1;0;300", "1;1;600", "1;1;600;99999999999999999999", "",
    ] {
      #expect(try left(of: "\u{1B}P0;1;0q\"\(output)#0~-\u{1B}\\", .sixels) == nil)
    }
    #expect(try left(of: "\u{1B}Pq#0~-\u{1B}\\", .sixels) == nil)
  }
}
