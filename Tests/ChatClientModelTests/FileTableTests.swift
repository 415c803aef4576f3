import ChatClientModel
import ChatCore
import Testing

@Suite("The answer to /files")
struct FileTableTests {
  private static func listed(
    _ id: String, _ name: String, from sender: String = "bob", size: UInt64 = 1_200,
    time: String = "12:34"
  ) -> TransferNotice.Listed {
    .init(
      SharedFile(
        id: id, name: name, sender: sender, sizeBytes: size,
        digest: SHA256Digest(InlineArray(repeating: 0))), time: time)
  }

  private static func shown(_ files: [TransferNotice.Listed]) -> [String] {
    let output = Renderer(style: .terminal) { $0 }.render(.transfer(.files(files))).output ?? ""
    return output.split(separator: "\n").map(String.init)
  }

  @Test("columns are aligned by their width on the screen")
  func aligned() {
    let rows = Self.shown([
      Self.listed("k3Fq9ZxY1bQw", "照片.png", from: "王"),
      Self.listed("Zz3q9ZxY1bQw", "a.txt", from: "alice", size: 999),
      Self.listed("aB3q9ZxY1bQw", "👩‍👩‍👧.png", size: 48_000_000),
    ])
    #expect(
      rows == [
        "* k3Fq  1.2 kB  照片.png  王     12:34", "  Zz3q   999 B  a.txt     alice  12:34",
        "  aB3q   48 MB  👩‍👩‍👧.png    bob    12:34",
      ])
  }

  @Test("no row is wider than 80 columns, whatever a server says; the end of a name is kept")
  func width() {
    let long = String(repeating: "long name ", count: 20) + ".tar.gz"
    let wide = String(repeating: "照", count: 80) + ".png"
    let rows = Self.shown([
      Self.listed(
        String(repeating: "i", count: 9_000), long, from: String(repeating: "王", count: 32),
        size: .max, time: String(repeating: "t", count: 500)),
      Self.listed(String(repeating: "i", count: 8_999) + "j", wide, time: "2026-01-31 12:00"),
    ])
    #expect(rows.allSatisfy { DisplayWidth.of($0) <= 80 }, "\(rows)")
    #expect(rows[0].contains("….tar.gz") || rows[0].contains(".tar.gz  "))
    #expect(rows[0].contains("…") && rows[1].contains(".png  "))
  }

  @Test("ids are shortened as long as they differ")
  func ids() {
    #expect(Self.shown([Self.listed("k3", "a")]) == ["* k3  1.2 kB  a  bob  12:34"])
    let rows = Self.shown([Self.listed("abcdefgh", "a"), Self.listed("abcdeXgh", "a")])
    #expect(rows[0].hasPrefix("* abcdef  ") && rows[1].hasPrefix("  abcdeX  "))
  }

  @Test(
    "a name is cut in its middle, between characters",
    arguments: [
      ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abc…fg"), ("照照照照", 8, "照照照照"),
      ("照照照照照", 8, "照照…照"), ("abc", 1, "…"), ("abc", 0, ""), ("a\u{202E}b", 5, "ab"),
    ])
  func cut(_ text: String, _ width: Int, _ result: String) {
    #expect(text.cutInMiddle(toColumns: width) == result)
  }
}
