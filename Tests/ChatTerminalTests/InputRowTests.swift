import ChatCore
import ChatTerminal
import Testing

/// What stands in the bottom rows, and how wide it is.
@Suite("The input row")
struct InputRowTests {
  @Test(
    "characters are as wide as terminals draw them",
    arguments: [
      ("a", 1), ("é", 1), ("e\u{301}", 1), ("日", 2), ("한", 2), ("\u{1112}\u{1161}\u{11AB}", 2),
      ("Ａ", 2), ("👩", 2), ("👩‍👩‍👧", 2), ("👍🏽", 2), ("🇩🇪", 2), ("❤", 1), ("❤️", 2), ("1️⃣", 2),
      ("\u{200B}", 0), ("あ", 2), ("𠀀", 2), ("─", 1), ("µ", 1), ("한글 ok", 7),
    ])
  func width(text: String, columns: Int) {
    #expect(DisplayWidth.of(text) == columns)
  }

  private static func row(_ before: String, _ after: String = "", width: Int = 12) -> InputRow {
    InputRow(prompt: "> ", line: EditedLine(before: before, after: after), width: width)
  }

  @Test("a line that fits is shown whole")
  func whole() {
    let row = Self.row("日本", "語")
    #expect((row.before, row.after, row.column) == ("> 日本", "語", 6))
    #expect(Self.row("123456789").before == "> 123456789")
    #expect(Self.row("a\tb\u{202E}").before == "> a b ")
  }

  @Test("a longer line is shown around the cursor, in one row")
  func scrolling() {
    let text = "The quick 狐 jumps over 👩‍👩‍👧 and the lazy 犬, é and all of it is seen."
    for width in 3...80 {
      for offset in 0...text.count {
        let (before, after) = (String(text.prefix(offset)), String(text.dropFirst(offset)))
        let row = Self.row(before, after, width: width)
        #expect(DisplayWidth.of(row.before) == row.column)
        #expect(row.column < width)
        #expect(DisplayWidth.of(row.before + row.after) < width)
        #expect(before.hasSuffix(row.before.drop { "> ".contains($0) }) || width < 8)
        if offset < text.count, width > 4 { #expect(!row.after.isEmpty || row.column > width - 4) }
      }
    }
  }

  @Test("a prompt takes half of the row at most")
  func prompt() {
    let line = EditedLine(before: "abc")
    let row = InputRow(prompt: "Choose your nickname: ", line: line, width: 21)
    #expect(row.before == "Choose youabc")
  }

  @Test("bytes that are no UTF-8 are shown as what stands for them everywhere")
  func undecoded() {
    let row = Self.row("caf\u{10FEE9}", ".txt")
    #expect((row.before, row.after, row.column) == ("> caf\u{FFFD}", ".txt", 6))
  }

  @Test("rows are erased where they are, also after the screen has become narrower")
  func erasing() {
    var rows = BottomRows()
    #expect(rows.erase(width: 12) == "")
    let input = Self.row("abc", "d")
    #expect(rows.draw(status: nil, input: input, width: 12) == "> abcd\r> abc")
    #expect(rows.erase(width: 12) == "\r\u{1B}[J")
    #expect(rows.erase(width: 12) == "")
    let status = "pictures.zip 42 %"
    #expect(rows.draw(status: status, input: input, width: 12) == "pictures.zi\n> abcd\r> abc")
    #expect(rows.erase(width: 12) == "\r\u{1B}[1A\u{1B}[J")
    _ = rows.draw(status: status, input: input, width: 12)
    // "pictu", "res.z", "i", "> abc", and the cursor after it.
    #expect(rows.erase(width: 5) == "\r\u{1B}[4A\u{1B}[J")
    #expect(rows.draw(status: "a\u{1B}b\n", input: input, width: 12) == "ab\n> abcd\r> abc")
  }

  @Test("a screen without any column is drawn as one of one column")
  func noColumns() {
    var rows = BottomRows()
    let input = Self.row("abc", "d", width: 0)
    #expect(DisplayWidth.of(input.before + input.after) <= 1)
    let drawn = rows.draw(status: "s", input: input, width: 0)
    var narrow = BottomRows()
    #expect(drawn == narrow.draw(status: "s", input: input, width: 1))
    #expect(rows.erase(width: 0) == narrow.erase(width: 1))
  }
}
