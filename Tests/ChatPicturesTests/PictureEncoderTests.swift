import ChatPictures
import Foundation
import TestKit
import Testing

@Suite("PictureEncoder")
struct PictureEncoderTests {
  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("a small PNG is one of kitty's sequences")
  func smallKitty() {
    #expect(
      Self.text(PictureEncoder.kitty(png: Array("hello".utf8), fit: .natural))
        == "\u{1B}_Ga=T,f=100,t=d,q=2,m=0;aGVsbG8=\u{1B}\\")
    #expect(
      Self.text(PictureEncoder.kitty(png: [], fit: .columns(60)))
        == "\u{1B}_Ga=T,f=100,t=d,q=2,c=60,m=0;\u{1B}\\")
  }

  @Test(
    "a large PNG is cut into chunks of 4,096 bytes, which give it back",
    arguments: [
      3_071, 3_072, 3_073, 6_144, 100_000,
    ])
  func largeKitty(count: Int) throws {
    try SeededRandom.run { random in
      let file = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let output = Self.text(PictureEncoder.kitty(png: file, fit: .rows(15)))
      let sequences = output.components(separatedBy: "\u{1B}\\").dropLast()
      var base64 = ""
      for (index, sequence) in sequences.enumerated() {
        let isLast = index == sequences.count - 1
        let keys = (index == 0 ? "a=T,f=100,t=d,q=2,r=15," : "") + "m=\(isLast ? 0 : 1)"
        let parts = sequence.split(separator: ";", omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect(parts[0] == "\u{1B}_G\(keys)")
        #expect(isLast ? (1...4_096).contains(parts[1].count) : parts[1].count == 4_096)
        base64 += parts[1]
      }
      #expect(Data(base64Encoded: base64) == Data(file))
    }
  }

  @Test("a file of any kind is one of iTerm2's sequences")
  func iterm2() {
    let keys = "preserveAspectRatio=1;doNotMoveCursor=0:aGVsbG8=\u{07}"
    for (fit, side) in [
      (.natural, "width=auto;height=auto"), (.columns(40), "width=40;height=auto"),
      (.rows(15), "width=auto;height=15"),
    ] as [(PictureSpace.Fit, String)] {
      #expect(
        Self.text(PictureEncoder.iterm2(file: Array("hello".utf8), fit: fit))
          == "\u{1B}]1337;File=inline=1;size=5;\(side);\(keys)")
    }
  }
}
