import ChatCore
import TestKit
import Testing

@Suite("FirstBytes")
struct FirstBytesTests {
  /// What is left of a stream that comes in pieces, and whether it is a telnet program's.
  private static func text(of chunks: [[UInt8]]) -> (bytes: [UInt8], isTelnet: Bool) {
    var first = FirstBytes()
    var text: [UInt8] = []
    for chunk in chunks {
      var rest = chunk[...]
      while !rest.isEmpty {
        var line: [UInt8] = []
        let taken = first.take(rest.span, into: &line)
        // A line at a time, and something is always taken.
        #expect(taken > 0)
        #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
        rest = rest.dropFirst(taken)
        text += line
      }
    }
    first.finish(into: &text)
    return (text, first.isTelnet)
  }

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(
    "what is no text is taken out, at every split",
    arguments: [
      (bytes("bob\n"), bytes("bob\n"), false),
      (mark + bytes("bob\nbob"), bytes("bob\nbob"), false),
      // A mark is one at the beginning only, whole, and once.
      (bytes("b") + mark, bytes("b") + mark, false),
      (mark + mark, mark, false),
      ([0xEF, 0xBB] + bytes("x"), [0xEF, 0xBB] + bytes("x"), false),
      ([0xEF], [0xEF], false),
      ([0xFF, 0xFB, 0x01, 0xFF, 0xFD, 0x0A] + bytes("bob\n"), bytes("bob\n"), true),
      (
        [0xFF, 0xF1] + mark + [0xFF, 0xFE, 0xFF] + bytes("bo") + [0xFF, 0xF4] + bytes("b"),
        bytes("bob"), true
      ),
      (
        [0xFF, 0xFA, 0x18, 0x0A, 0xFF, 0xFF, 0xF0, 0xFF, 0x0D, 0xFF, 0xF0] + bytes("bob\n"),
        bytes("bob\n"), true
      ),
      (bytes("bob\r\u{0}hi\r\nho\r\rx\r"), bytes("bob\r\nhi\r\nho\r\rx\r"), true),
      // No command: text that is no UTF-8.
      (bytes("a") + [0xFF, 0x0A, 0xFF, 0x61], bytes("a") + [0xFF, 0x0A, 0xFF, 0x61], false),
      ([0xFF, 0xFF, 0xFF, 0xFF] + bytes("a"), [0xFF, 0xFF] + bytes("a"), false),
      ([0xFF, 0xFA, 0x01], [], true),
      ([0xFF, 0xFB], [], false),
    ] as [([UInt8], [UInt8], Bool)])
  func everySplit(_ stream: [UInt8], _ expected: [UInt8], _ isTelnet: Bool) {
    #expect(Self.text(of: stream.map { [$0] }) == (expected, isTelnet))
    for first in 0...stream.count {
      for second in first...stream.count {
        let pieces = [
          Array(stream[..<first]), Array(stream[first..<second]), Array(stream[second...]),
        ]
        #expect(Self.text(of: pieces) == (expected, isTelnet))
      }
    }
  }

  @Test("text without FF and CR NUL comes out as it went in")
  func unchanged() {
    SeededRandom.run { random in
      for _ in 0..<10_000 {
        let stream = (0..<Int.random(in: 0...40, using: &random)).map { _ in
          UInt8.random(in: 1..<0xFF, using: &random)
        }
        guard !stream.starts(with: Self.mark) else { continue }
        let found = Self.text(of: [stream])
        if found != (stream, false) {
          Issue.record("\(stream): \(found)")
          return
        }
      }
    }
  }
}
