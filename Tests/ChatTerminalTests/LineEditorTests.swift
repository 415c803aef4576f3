import ChatTerminal
import TestKit
import Testing

/// Keys in, lines out.
@Suite("The line editor")
struct LineEditorTests {
  /// Gives an editor bytes in pieces.
  private static func type(
    _ pieces: [ArraySlice<UInt8>], into editor: inout LineEditor
  ) -> [LineEditor.Event] {
    var events: [LineEditor.Event] = []
    for var piece in pieces {
      while let event = editor.next(&piece) { events.append(event) }
    }
    return events
  }

  private static func type(_ text: String, into editor: inout LineEditor) -> [LineEditor.Event] {
    type([Array(text.utf8)[...]], into: &editor)
  }

  /// The line after some keys, `|` where the cursor is.
  private static func line(after keys: String) -> String {
    var editor = LineEditor()
    _ = type(keys, into: &editor)
    return editor.line.before + "|" + editor.line.after
  }

  /// Everything that can be split: text of many bytes, keys, pastes, answers, and what is wrong.
  private static let session: [UInt8] =
    Array("naïve 日本 👩‍👩‍👧\u{1B}[D\u{1B}[1;5D\u{1}x\u{5}y\r".utf8)
    + Array("\u{1B}OA\u{1B}[200~a\tb\r\nc\nd\u{1B}[A\u{1B}[201~!\r".utf8)
    + Array("\u{1B}[?62;4c\u{1B}P1+r68=41\u{1B}\\\u{1B}_Gi=1;OK\u{1B}\\".utf8)
    + Array("\u{1B}]11;rgb:0/0/0\u{7}\u{1B}]12;x\u{1B}\\\u{1B}[24;80R\u{1B}bz\u{1B}d".utf8)
    + [0xE2, 0x82, 0x41, 0xFF, 0xC2, 0x85, 0x1B, 0x50, 0x71, 0x0D, 0x0C, 0x09, 0x1A, 0x03, 0x03, 4]

  private static let events: [LineEditor.Event] = [
    .line("xnaïve 日本 👩‍👩‍👧y"), .line("xnaïve 日本 👩‍👩‍👧ya\tb"), .line("c"), .line("d!"),
    .reply(Array("\u{1B}[?62;4c".utf8)), .reply(Array("\u{1B}P1+r68=41\u{1B}\\".utf8)),
    .reply(Array("\u{1B}_Gi=1;OK\u{1B}\\".utf8)), .reply(Array("\u{1B}]11;rgb:0/0/0\u{7}".utf8)),
    .reply(Array("\u{1B}]12;x\u{1B}\\".utf8)), .reply(Array("\u{1B}[24;80R".utf8)),
    .line("z\u{10FEE2}\u{10FE82}A\u{10FEFF}"), .redraw, .complete, .suspend, .interrupt, .interrupt,
    .end,
  ]

  @Test("the same comes of the bytes at every split")
  func splits() {
    for split in Self.session.indices {
      var editor = LineEditor()
      editor.expectsReply = true
      let pieces = [Self.session[..<split], Self.session[split...]]
      #expect(Self.type(pieces, into: &editor) == Self.events, "split at \(split)")
      #expect(editor.line.isEmpty)
    }
    var editor = LineEditor()
    editor.expectsReply = true
    let bytes = Self.session.indices.map { Self.session[$0...$0] }
    #expect(Self.type(bytes, into: &editor) == Self.events)
  }

  @Test(
    "keys move and delete by what people see as one character",
    arguments: [
      ("ae\u{301}👩‍👩‍👧\u{1B}[D\u{1B}[D", "a|e\u{301}👩‍👩‍👧"), ("ae\u{301}\u{7F}", "a|"),
      ("one two\u{1B}b", "one |two"), ("one two\u{1B}b\u{1B}b\u{1B}f", "one| two"),
      ("one two\u{1}\u{1B}d", "| two"), ("a b-c d\u{17}\u{17}", "a |"), ("a b \u{17}", "a |"),
      ("a b-c\u{1B}\u{7F}", "a b-|"), ("abc\u{2}\u{B}x\u{19}", "abxc|"),
      ("abc\u{2}\u{15}", "|c"), ("abc\u{2}\u{15}\u{5}\u{19}", "cab|"), ("abc\u{14}", "acb|"),
      ("abc\u{2}\u{2}\u{14}", "ba|c"), ("a\u{14}", "a|"), ("\u{14}\u{8}\u{1B}[3~", "|"),
      ("abc\u{1}\u{1B}[3~\u{4}", "|c"), ("ab\u{1B}[H.\u{1B}[F!", ".ab!|"),
      ("ab\u{1B}OH.\u{1B}OF!", ".ab!|"), ("ab\u{1B}[1~.\u{1B}[4~!", ".ab!|"),
      ("one two\u{1B}[1;5D\u{1B}[1;3D\u{1B}[1;5C", "one| two"), ("a\u{1B}[15~\u{1B}[[Ab", "ab|"),
      ("a\u{0}\u{1C}\u{1B}zb", "ab|"),
    ])
  func keys(typed: String, shown: String) {
    #expect(Self.line(after: typed) == shown)
  }

  @Test("lines can be had again, each once, and the new one too")
  func history() {
    let past = "one\rtwo\rone\r"
    #expect(Self.line(after: past + "new\u{1B}[A") == "one|")
    #expect(Self.line(after: past + "new\u{1B}[A\u{1B}[A") == "two|")
    #expect(Self.line(after: past + "new\u{1B}[A\u{1B}[A\u{1B}[A") == "two|")
    #expect(Self.line(after: past + "new\u{1B}[A\u{1B}[A\u{1B}[B\u{1B}[B") == "new|")
    let many = (0..<600).map { "\($0)\r" }.joined()
    let up = String(repeating: "\u{1B}[A", count: 700)
    #expect(Self.line(after: many + up) == "100|")
    var editor = LineEditor()
    editor.keepsHistory = false
    #expect(Self.type("bob\r\u{10}", into: &editor) == [.line("bob"), .bell])
  }

  @Test("a line that is full rings once, and takes no more")
  func full() {
    var editor = LineEditor()
    let text = String(repeating: "é", count: LineEditor.longestLine / 2)
    #expect(Self.type(text, into: &editor) == [])
    #expect(Self.type("éaaé", into: &editor) == [.bell])
    #expect(Self.type("\r", into: &editor) == [.line(text)])
    editor.insert(String(repeating: "x", count: LineEditor.longestLine + 1))
    #expect(editor.line.isEmpty)
  }

  @Test("the ESC key does nothing, and what follows is typed")
  func escape() {
    var editor = LineEditor()
    _ = Self.type("a\u{1B}", into: &editor)
    #expect(editor.patience == .milliseconds(100))
    editor.giveUp()
    #expect(editor.patience == nil)
    _ = Self.type("[b", into: &editor)
    #expect(editor.line.text == "a[b")
    // The first byte of a character is kept, however late the second comes.
    _ = Self.type([[0xC3]], into: &editor)
    editor.giveUp()
    _ = Self.type([[0xA9]], into: &editor)
    #expect(editor.line.text == "a[bé")
  }

  @Test(
    "Alt with a letter that begins a string swallows nothing", arguments: ["P", "_", "]", "^", "X"])
  func altIsNoString(letter: String) {
    var editor = LineEditor()
    #expect(Self.type("\u{1B}\(letter)hello\r", into: &editor) == [.line("hello")])
  }

  @Test("an answer may take a second after each of its bytes")
  func slowReply() {
    var editor = LineEditor()
    editor.expectsReply = true
    let reply = Array("\u{1B}P>|x\u{1B}\\".utf8)
    for byte in reply.dropLast() {
      #expect(Self.type([[byte]], into: &editor) == [])
      #expect(editor.patience == .seconds(1))
    }
    #expect(Self.type("\\", into: &editor) == [.reply(reply)])
    for byte in "\u{1B}[?6".utf8 {
      _ = Self.type([[byte]], into: &editor)
      #expect(editor.patience == .seconds(1))
    }
  }

  @Test("an answer of more than 4 KiB is dropped, and nothing of it is typed")
  func longReply() {
    for end in ["\u{1B}\\", "\r"] {
      var editor = LineEditor()
      editor.expectsReply = true
      let answer = "\u{1B}_G" + String(repeating: "x", count: 10_000) + end
      let events = Self.type(answer + "a\u{1B}[5n", into: &editor)
      #expect(events.last == .reply(Array("\u{1B}[5n".utf8)))
      #expect(editor.line.text == "a")
    }
  }

  @Test("a paste whose end is lost ends with Ctrl-C")
  func lostPasteEnd() {
    var editor = LineEditor()
    #expect(Self.type("\u{1B}[200~abc\u{4}\u{3}\u{4}", into: &editor) == [.end])
  }

  @Test("random bytes break nothing, and what is in the line can be shown")
  func randomBytes() {
    let parts = Array("\u{1B}[]OP_;?~0123ABCD\\\u{7}\u{F0}\u{9F}".utf8)
    SeededRandom.run { random in
      for _ in 0..<200 {
        var editor = LineEditor()
        editor.expectsReply = Bool.random(using: &random)
        // Half of them what sequences are made of.
        let bytes = (0..<500).map { _ -> UInt8 in
          let any = UInt8.random(in: 0...255, using: &random)
          return Bool.random(using: &random) ? any : parts[Int(any) % parts.count]
        }
        _ = Self.type([bytes[...]], into: &editor)
        let controls = editor.line.text.unicodeScalars.filter {
          $0 != "\t" && $0.properties.generalCategory == .control
        }
        #expect(controls.isEmpty)
        #expect(InputRow(prompt: "> ", line: editor.line, width: 40).column < 40)
      }
    }
  }
}
