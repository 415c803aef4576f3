import ChatPictures
import TestKit
import Testing

@Suite("PictureHeader")
struct PictureHeaderTests {
  private static let size = PictureSize(width: 640, height: 480)

  @Test("every kind is told by its content, with its size")
  func kinds() throws {
    for (kind, bytes) in PictureSamples.all {
      let header = try #require(PictureHeader(bytes))
      #expect(header.kind == kind)
      #expect(header.size == Self.size)
      #expect(header.isShowable)
      #expect(header.words == "\(kind.rawValue) image, 640 x 480")
    }
  }

  @Test("what is no image is none")
  func others() {
    for text in ["", "G", "GIF", "GIF88a....", "hello", "RIFF....WAVEfmt ", "\u{89}PNG\r\n"] {
      #expect(PictureHeader(Array(text.utf8)) == nil)
    }
    #expect(PictureHeader([0xFF, 0xD8]) == nil)
  }

  @Test("a file that ends too early has no size, or is no image, and is never shown")
  func truncated() {
    for (kind, bytes) in PictureSamples.all {
      var ends: [Int] = []
      for count in bytes.indices {
        guard let header = PictureHeader(Array(bytes[..<count])) else { continue }
        #expect(header.kind == kind)
        if header.size == nil {
          #expect(!header.isShowable)
          #expect(header.words == "\(kind.rawValue) image")
        } else {
          #expect(header.size == Self.size)
          ends.append(count)
        }
      }
      // Where the size is whole, all that is longer has it as well.
      #expect(ends.isEmpty || ends == Array((ends[0])..<bytes.count))
    }
  }

  @Test("sizes of nothing and absurd ones are told, not shown")
  func absurd() throws {
    let cases: [(bytes: [UInt8], words: String)] = [
      (PictureSamples.png(0, 480), "PNG image, 0 x 480"),
      (PictureSamples.png(640, 0), "PNG image, 640 x 0"),
      (PictureSamples.png(65_536, 1), "PNG image, 65536 x 1"),
      (PictureSamples.png(10_001, 10_000), "PNG image, 10001 x 10000"),
      (PictureSamples.png(.max, .max), "PNG image, 4294967295 x 4294967295"),
      (PictureSamples.gif(0, 0), "GIF image, 0 x 0"),
      (PictureSamples.jpeg(640, 0), "JPEG image, 640 x 0"),
      (PictureSamples.lossyWebP(0, 5), "WebP image, 0 x 5"),
      (PictureSamples.extendedWebP(1 << 24, 1 << 24), "WebP image, 16777216 x 16777216"),
    ]
    for (bytes, words) in cases {
      let header = try #require(PictureHeader(bytes))
      #expect(header.words == words)
      #expect(!header.isShowable)
    }
    #expect(try #require(PictureHeader(PictureSamples.png(10_000, 10_000))).isShowable)
    #expect(try #require(PictureHeader(PictureSamples.png(65_535, 1))).isShowable)
  }

  @Test("a JPEG's size far on is asked for, piece by piece")
  func farMarkers() throws {
    let bytes = PictureSamples.jpeg(640, 480, before: [65_533, 65_533, 60_000])
    var asked = 0
    let header = try #require(
      PictureHeader(Array(bytes[..<65_536])) { offset, count in
        #expect(offset + count > 65_536)
        asked += count
        return Array(bytes.dropFirst(offset).prefix(count))
      })
    #expect(header.size == Self.size)
    #expect(asked > 0 && asked < 64)
    #expect(try #require(PictureHeader(Array(bytes[..<65_536]))).size == nil)
  }

  @Test("a JPEG of endless markers is given up after 64")
  func manyMarkers() throws {
    func size(_ count: Int) throws -> PictureSize? {
      let before = [Int](repeating: 2, count: count)
      return try #require(PictureHeader(PictureSamples.jpeg(640, 480, before: before))).size
    }
    #expect(try size(63) == Self.size)
    #expect(try size(64) == nil)
    var questions = 0
    let endless = PictureHeader([0xFF, 0xD8] + [UInt8](repeating: 0xFF, count: 10)) { _, count in
      questions += 1
      return [UInt8](repeating: 0xFF, count: count)
    }
    #expect(try #require(endless).size == nil)
    #expect(questions <= 64)
  }

  @Test("fill bytes and markers that stand alone are passed over, a scan ends the search")
  func oddMarkers() throws {
    let frame = Array(PictureSamples.jpeg(640, 480, before: []).dropFirst(2))
    func size(_ between: [UInt8]) throws -> PictureSize? {
      try #require(PictureHeader([0xFF, 0xD8] + between + frame)).size
    }
    #expect(try size([0xFF, 0xFF, 0xFF]) == Self.size)
    #expect(try size([0xFF, 0x01, 0xFF, 0xD0, 0xFF, 0xD7]) == Self.size)
    #expect(try size([0xFF, 0xC4, 0, 2, 0xFF, 0xCC, 0, 3, 9]) == Self.size)
    for end in [0x00, 0xD8, 0xD9, 0xDA] as [UInt8] { #expect(try size([0xFF, end, 0, 2]) == nil) }
    // A length that doesn't count itself, and bytes where a marker should be.
    #expect(try size([0xFF, 0xE0, 0, 1]) == nil)
    #expect(try size([0xFF, 0xE0, 0, 2, 0]) == nil)
  }

  @Test("a lossy WebP has to begin with a key frame, a lossless one with its signature")
  func damagedWebP() throws {
    for (bytes, place) in [
      (PictureSamples.lossyWebP(640, 480), 20), (PictureSamples.lossyWebP(640, 480), 23),
      (PictureSamples.losslessWebP(640, 480), 20), (PictureSamples.extendedWebP(640, 480), 15),
    ] {
      var bytes = bytes
      bytes[place] ^= 1
      #expect(try #require(PictureHeader(bytes)).size == nil)
    }
    // The two bits above each side are for scaling.
    var scaled = PictureSamples.lossyWebP(640, 480)
    scaled[27] |= 0xC0
    #expect(try #require(PictureHeader(scaled)).size == Self.size)
  }

  @Test("random bytes, alone and behind each signature, do no harm")
  func random() {
    SeededRandom.run { random in
      for round in 0..<20_000 {
        let count = Int.random(in: 0...80, using: &random)
        var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        if round % 2 == 0 {
          let sample = PictureSamples.all[round / 2 % PictureSamples.all.count].bytes
          bytes = sample.prefix(Int.random(in: 3...sample.count, using: &random)) + bytes
        }
        var rest = SeededRandom(seed: random.next())
        let header = PictureHeader(bytes) { _, count in
          let given = Int.random(in: 0...2 * count, using: &rest)
          return (0..<given).map { _ in UInt8.random(in: 0xC0...0xFF, using: &rest) }
        }
        if let size = header?.showableSize {
          #expect(size.width > 0 && size.height > 0)
          #expect(size.width * size.height <= PictureHeader.mostPixels)
        }
      }
    }
  }
}
