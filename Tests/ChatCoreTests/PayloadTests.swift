import ChatCore
import TestKit
import Testing

@Suite("Raw bytes between lines")
struct PayloadTests {
  /// What a framer found: lines as they are, raw bytes joined, in brackets.
  private static func frames(of chunks: [[UInt8]]) -> [String] {
    var framer = LineFramer(limit: 100)
    var found: [String] = []
    var bytes = ""
    for chunk in chunks {
      framer.feedMixed(chunk.span) { frame in
        switch frame {
        case .line(let line):
          found.append(TextCleaner.clean(line))
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

  @Test("a frame's bytes are counted, and lines follow")
  func counted() {
    #expect(
      Self.frames("[DATA]:1\tsize=4\na\nb\nhello\n[DATA]:1\tsize=0\nx\n") == [
        "[DATA]:1\tsize=4", "<a\nb\n>", "hello", "[DATA]:1\tsize=0", "<>", "x",
      ])
  }

  @Test("a size that nobody sends is no frame's")
  func absurd() {
    #expect(
      Self.frames("[DATA]:1\tsize=9223372036854775808\nhello\n").last == "hello")
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
      "hi\n[FILE]:a\n<E<END>x<END<END>\nyou\n[DATA]:1\tsize=9\n<END>\n[A]x\n[FILE]:b\n<END>\nend\n"
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
}
