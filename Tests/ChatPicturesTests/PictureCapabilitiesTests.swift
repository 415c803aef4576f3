import ChatPictures
import TestKit
import Testing

@Suite("PictureCapabilities")
struct PictureCapabilitiesTests {
  /// What terminals answer, each whole: kitty, iTerm2, WezTerm, foot, xterm with sixels, and one that
  /// can nothing.
  private static let terminals:
    [(replies: String, ways: [PictureCapabilities.Way], cell: PictureSize?)] = [
      (
        "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}P>|kitty(0.40.0)\u{1B}\\\u{1B}[6;36;16t\u{1B}[?62;52;c",
        [.kitty], PictureSize(width: 16, height: 36)
      ),
      (
        "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}]1337;Capabilities=T3CwLrMSc7UUw9Ts3BFGsSyHNoSxF\u{07}"
          + "\u{1B}P>|iTerm2 3.5.0\u{1B}\\\u{1B}[6;20;10t\u{1B}[?64;1;2;4;6;17;18;21;22;52c",
        [.iterm2, .kitty, .sixel], PictureSize(width: 10, height: 20)
      ),
      (
        "\u{1B}P>|WezTerm 20240203-110809-5046fc22\u{1B}\\\u{1B}[?65;4;6;18;22;52c",
        [.iterm2, .sixel], nil
      ),
      (
        "\u{1B}P>|foot(1.16.2)\u{1B}\\\u{1B}[6;15;8t\u{1B}[?62;4;22c", [.sixel],
        .init(width: 8, height: 15)
      ),
      (
        "\u{1B}P>|XTerm(380)\u{1B}\\\u{1B}[6;13;6t\u{1B}[?64;1;2;6;9;15;16;17;18;21;22;28c", [],
        .init(width: 6, height: 13)
      ),
      ("\u{1B}[?6c", [], nil),
    ]

  private static func noted(_ text: String) -> PictureCapabilities {
    var capabilities = PictureCapabilities()
    capabilities.note(reply: Array(text.utf8))
    return capabilities
  }

  @Test("the question asks for everything, the device attributes last")
  func question() {
    #expect(
      String(decoding: PictureCapabilities.question, as: UTF8.self)
        == "\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}]1337;Capabilities\u{1B}\\"
        + "\u{1B}[>q\u{1B}[16t\u{1B}[c")
  }

  @Test("a program between us and the terminal is asked nothing it could take for something else")
  func multiplexers() {
    let (whole, plain) = (PictureCapabilities.question, Array("\u{1B}[16t\u{1B}[c".utf8))
    for (kind, isMultiplexed, question) in [
      ("xterm-256color", false, whole), ("xterm-256color", true, plain), ("tmux", false, plain),
      ("tmux-256color", true, plain), ("screen.xterm", false, plain),
    ] {
      #expect(
        PictureCapabilities.question(kind: kind, isMultiplexed: isMultiplexed) == question,
        "\(kind)")
    }
  }

  @Test("each terminal's answers are understood, whole and byte by byte")
  func terminals() {
    for terminal in Self.terminals {
      let whole = Self.noted(terminal.replies)
      #expect(whole.isComplete)
      #expect(whole.ways == terminal.ways)
      #expect(whole.way == terminal.ways.first ?? .none)
      #expect(whole.cell == terminal.cell)
      var pieces = PictureCapabilities()
      for byte in terminal.replies.utf8 {
        #expect(!pieces.isComplete)
        pieces.note(reply: [byte])
      }
      #expect(pieces == whole)
    }
  }

  @Test("a terminal that answers nothing has nothing")
  func silence() {
    let capabilities = PictureCapabilities()
    #expect(capabilities.way == .none)
    #expect(capabilities.ways == [])
    #expect(capabilities.cell == nil)
    #expect(!capabilities.isComplete)
  }

  @Test("keys typed among the answers are passed over")
  func typing() {
    let capabilities = Self.noted(
      "hello\u{1B}[A\u{1B}OP\u{1B}_Gi=31;OK\u{1B}\\world\u{1B}[200~;4c\u{1B}[201~\u{1B}[?1;2c")
    #expect(capabilities.way == .kitty)
    #expect(capabilities.isComplete)
  }

  @Test("answers that say no, or nothing we asked, change nothing")
  func refusals() {
    for text in [
      "\u{1B}_Gi=31;ENOTSUPPORTED:no\u{1B}\\", "\u{1B}_Gi=32;OK\u{1B}\\", "\u{1B}_i=31;OK\u{1B}\\",
      "\u{1B}_Gi=31\u{1B}\\", "\u{1B}]1337;Capabilities=T3Fx\u{1B}\\",
      "\u{1B}]1337;Capabilities\u{1B}\\", "\u{1B}]1337;F\u{07}", "\u{1B}P>|iTerm\u{1B}\\",
      "\u{1B}PiTerm2 3\u{1B}\\", "\u{1B}[6;0;8t", "\u{1B}[6;16t", "\u{1B}[6;513;8t",
      "\u{1B}[8;24;80t", "\u{1B}[6;99999999999999999999;8t", "\u{1B}[6;-1;8t", "\u{1B}[62;4c",
      "\u{1B}[>62;4c", "\u{1B}_Gi=31;\u{18}OK\u{1B}\\", "\u{1B}_Gi=31;OK",
    ] {
      let capabilities = Self.noted(text)
      #expect(capabilities == PictureCapabilities(), "\(text.debugDescription)")
    }
  }

  @Test("4 is a class of terminals where it stands first, sixels behind it")
  func attributes() {
    #expect(Self.noted("\u{1B}[?4;6c").way == .none)
    #expect(Self.noted("\u{1B}[?62;44;14c").way == .none)
    #expect(Self.noted("\u{1B}[?62;4c").way == .sixel)
  }

  @Test("a string that never ends, or is too long, hides no answer after it")
  func endless() {
    let long = String(repeating: "x", count: 100_000)
    for text in [
      "\u{1B}_G\(long)\u{1B}[?62;4c", "\u{1B}P>|iTerm2 \(long)\u{1B}\\\u{1B}[?62;4c",
      "\u{1B}[\(String(repeating: "1", count: 100_000))c\u{1B}[?62;4c",
      "\u{1B}]1337;Capabilities=F\u{1B}\u{1B}[?62;4c",
    ] {
      let capabilities = Self.noted(text)
      #expect(capabilities.ways == [.sixel])
      #expect(capabilities.isComplete)
    }
  }

  @Test("random answers, and true ones with damage, do no harm at any split")
  func random() {
    SeededRandom.run { random in
      for round in 0..<2_000 {
        var bytes = Array(Self.terminals[round % Self.terminals.count].replies.utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
          let place = Int.random(in: bytes.indices, using: &random)
          bytes[place] = .random(in: 0...255, using: &random)
        }
        bytes += (0..<round % 50).map { _ in UInt8.random(in: 0...255, using: &random) }
        var whole = PictureCapabilities()
        whole.note(reply: bytes)
        let split = Int.random(in: 0...bytes.count, using: &random)
        var pieces = PictureCapabilities()
        pieces.note(reply: Array(bytes[..<split]))
        pieces.note(reply: Array(bytes[split...]))
        #expect(pieces == whole)
      }
    }
  }
}
