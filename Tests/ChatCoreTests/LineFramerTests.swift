import ChatCore
import TestKit
import Testing

@Suite("LineFramer")
struct LineFramerTests {
  private static let lineFeed = UInt8(ascii: "\n")

  /// What a framer found, as text; `nil` for a line too long.
  private static func frames(of chunks: [[UInt8]], limit: Int, ends: Bool = true) -> [[UInt8]?] {
    var framer = LineFramer(limit: limit)
    var found: [[UInt8]?] = []
    let take = { (frame: borrowing LineFrame) in
      switch frame {
      case .line(let line): found.append(line.indices.map { line[$0] })
      case .tooLong: found.append(nil)
      case .bytes: Issue.record("bytes that no line announced")
      case .bytesEnd: Issue.record("an end of bytes that no line announced")
      }
    }
    for chunk in chunks { framer.feed(chunk.span, take) }
    if ends { framer.finish(take) }
    return found
  }

  /// The same by the plainest means there are: split the whole, then judge each line.
  private static func reference(_ bytes: [UInt8], limit: Int) -> [[UInt8]?] {
    var lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false).map(Array.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { line in
      if line.count + 1 > limit { return nil }
      return line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
    }
  }

  @Test("lines whole, with CR LF, empty, and without an LF at the end")
  func lines() {
    let stream = Array("alice\r\nhello\n\n\r\nlast".utf8)
    let expected = ["alice", "hello", "", "", "last"].map { Array($0.utf8) as [UInt8]? }
    #expect(Self.frames(of: [stream], limit: 100) == expected)
    #expect(Self.frames(of: [stream], limit: 100, ends: false) == Array(expected.dropLast()))
  }

  @Test("the same lines byte by byte and at every split")
  func everySplit() {
    let stream = Array("alice\r\nhé€🎉\n\n0123456789\n01234567890\nx\r\r\nlast".utf8)
    let expected = Self.reference(stream, limit: 11)
    #expect(expected.contains(nil))
    #expect(Self.frames(of: stream.map { [$0] }, limit: 11) == expected)
    for first in 0...stream.count {
      for second in first...stream.count {
        let chunks = [
          Array(stream[..<first]), Array(stream[first..<second]), Array(stream[second...]),
        ]
        #expect(Self.frames(of: chunks, limit: 11) == expected)
      }
    }
  }

  @Test("two lines of any length are told apart, whatever bytes resemble an LF")
  func everyLength() {
    for filler: UInt8 in [0x09, 0x0B, 0x0D, 0x00, 0x8A, 0xFF] {
      for first in 0...25 {
        for second in 0...25 {
          let lines = [first, second].map {
            [UInt8](repeating: filler, count: $0) + [Self.lineFeed]
          }
          let stream = Array(lines.joined())
          #expect(Self.frames(of: [stream], limit: 100) == Self.reference(stream, limit: 100))
        }
      }
    }
  }

  @Test("the limit counts the LF, and the line after one too long is read")
  func limit() {
    func line(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "x"), count: count) }
    let fits = line(8_191)
    let over = line(8_192)
    let stream = fits + [Self.lineFeed] + over + [Self.lineFeed] + line(1) + [Self.lineFeed]
    #expect(Self.frames(of: [stream], limit: 8_192) == [fits, nil, line(1)])
    #expect(Self.frames(of: stream.map { [$0] }, limit: 8_192) == [fits, nil, line(1)])
  }

  @Test("an endless line is told of once, and holds no memory")
  func endless() {
    var framer = LineFramer(limit: 100)
    var tooLong = 0
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000)
    for _ in 0..<1_000 { framer.feed(chunk.span) { _ in tooLong += 1 } }
    #expect(tooLong == 0)
    #expect(framer.isMidLine)
    framer.feed([Self.lineFeed].span) { _ in tooLong += 1 }
    #expect(tooLong == 1)
    #expect(!framer.isMidLine)
  }

  @Test("100,000 random streams in random pieces give what splitting the whole gives")
  func random() {
    SeededRandom.run { random in
      let alphabet = Array("\n\n\nab\r\0\u{7F}é€".utf8) + [0xFF, 0x80]
      for _ in 0..<100_000 {
        let stream = (0..<Int.random(in: 0...60, using: &random)).map { _ in
          alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
        var chunks: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
          let count = Int.random(in: 1...rest.count, using: &random)
          chunks.append(Array(rest.prefix(count)))
          rest = rest.dropFirst(count)
        }
        let limit = Int.random(in: 1...20, using: &random)
        let found = Self.frames(of: chunks, limit: limit)
        let expected = Self.reference(stream, limit: limit)
        if found != expected {
          Issue.record("limit \(limit), chunks \(chunks): \(found), expected \(expected)")
          return
        }
      }
    }
  }
}
