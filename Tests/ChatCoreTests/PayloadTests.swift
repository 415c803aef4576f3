import ChatCore
import TestKit
import Testing

@Suite("Raw bytes between lines")
struct PayloadTests {
  /// What a framer found: lines as they are, raw bytes joined, in brackets. After `#4` come four of these.
  private static func frames(of chunks: [[UInt8]], isTelnet: Bool = false) -> [String] {
    var framer = LineFramer(limit: 100)
    framer.isTelnet = isTelnet
    var found: [String] = []
    var bytes = ""
    for chunk in chunks {
      framer.feedMixed(chunk.span) { frame in
        switch frame {
        case .line(let line):
          let text = TextCleaner.clean(line)
          found.append(text)
          if text.hasPrefix("#") { return UInt64(text.dropFirst()).map { .counted($0) } }
          return (try? ClientLine(line))?.payload
        case .tooLong: found.append("too long")
        case .bytes(let piece):
          if piece.isEmpty { Issue.record("no bytes") }
          for index in piece.indices { bytes.unicodeScalars.append(Unicode.Scalar(piece[index])) }
        case .bytesEnd:
          found.append("<\(bytes)>")
          bytes = ""
        }
        return nil
      }
    }
    return found + (bytes.isEmpty ? [] : ["<\(bytes)"])
  }

  private static func frames(_ stream: String) -> [String] { frames(of: [Array(stream.utf8)]) }

  @Test("counted bytes are whatever they are, and lines follow")
  func counted() {
    #expect(
      Self.frames("#4\na\nb\nhello\n#0\nx\n") == ["#4", "<a\nb\n>", "hello", "#0", "<>", "x"])
  }

  @Test("a classic file is all before the first <END> LF")
  func terminated() {
    for content in [
      "", "x", "\n", "a\n", "<END>", "<END", "<<END>", "<END>x\n", "<E<END>\r\n", "<EN<EN<",
      "<END>\r",
    ] {
      #expect(
        Self.frames("[FILE]:a\n\(content)<END>\nhello\n") == ["[FILE]:a", "<\(content)>", "hello"])
    }
    #expect(Self.frames("[FILE]:a\nx<END>\n<END>\n").last == "<END>")
    #expect(Self.frames("[FILE]:a\nab<EN") == ["[FILE]:a", "<ab"])
  }

  @Test("the same at every split")
  func everySplit() {
    let stream = Array(
      "hi\n[FILE]:a\n<E<END>x<END<END>\nyou\n#9\n<END>\n[A]x\n[FILE]:b\n<END>\nend\n"
        .utf8)
    let expected = Self.frames(of: [stream])
    #expect(expected.count == 10)
    #expect(Self.frames(of: stream.map { [$0] }) == expected)
    for first in 0...stream.count {
      for second in first...stream.count {
        let chunks = [
          Array(stream[..<first]), Array(stream[first..<second]), Array(stream[second...]),
        ]
        #expect(Self.frames(of: chunks) == expected)
      }
    }
  }

  @Test("a classic file ends with CR LF too if its header did, at every split")
  func carriageReturns() {
    /// What is between header and end, and what is the file of it if the header had a CR.
    let contents: [(sent: String, file: String)] = [
      ("", ""), ("hello\r\n", "hello\r\n"), ("<END>\r", "<END>\r"), ("<END>\r\r", "<END>\r\r"),
      ("<END>\r<END", "<END>\r<END"), ("<END>\r\u{0}", "<END>\r\u{0}"),
    ]
    for (sent, file) in contents {
      for end in ["\n", "\r\n"] {
        let stream = Array(
          "[FILE]:a\r\n\(sent)<END>\(end)hello\r\n[FILE]:b\nx<END>\r\n<END>\nyou\n".utf8)
        let expected = ["[FILE]:a", "<\(file)>", "hello", "[FILE]:b", "<x<END>\r\n>", "you"]
        for first in 0...stream.count {
          for second in first...stream.count {
            let chunks = [
              Array(stream[..<first]), Array(stream[first..<second]), Array(stream[second...]),
            ]
            #expect(Self.frames(of: chunks) == expected)
          }
        }
        #expect(Self.frames(of: stream.map { [$0] }) == expected)
      }
    }
  }

  @Test("CR NUL is an end for telnet alone, and only after a header with a CR")
  func telnet() {
    let stream = "[FILE]:a\r\nx<END>\r\u{0}hello\n[FILE]:b\ny<END>\r\u{0}<END>\u{0}<END>\n"
    let bytes = Array(stream.utf8)
    let expected = [
      "[FILE]:a", "<x>", "hello", "[FILE]:b", "<y<END>\r\u{0}<END>\u{0}>",
    ]
    #expect(Self.frames(of: [bytes], isTelnet: true) == expected)
    for split in 0...bytes.count {
      let chunks = [Array(bytes[..<split]), Array(bytes[split...])]
      #expect(Self.frames(of: chunks, isTelnet: true) == expected)
    }
    #expect(Self.frames(of: [bytes]).dropFirst().first?.hasPrefix("<x<END>\r\u{0}hello") == true)
  }
}
