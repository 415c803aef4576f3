import ChatPictures
import TestKit
import Testing

@Suite("PictureSpace")
struct PictureSpaceTests {
  @Test("a picture is scaled down to 60 columns or 15 rows, and never up")
  func fit() {
    let space = PictureSpace(terminalColumns: 200, cell: nil)
    let cases: [(width: Int, height: Int, fit: PictureSpace.Fit, scaled: PictureSize)] = [
      (1, 1, .natural, PictureSize(width: 1, height: 1)),
      (480, 240, .natural, PictureSize(width: 480, height: 240)),
      (481, 240, .columns(60), PictureSize(width: 480, height: 239)),
      (480, 241, .rows(15), PictureSize(width: 478, height: 240)),
      (960, 480, .columns(60), PictureSize(width: 480, height: 240)),
      (1, 65_535, .rows(15), PictureSize(width: 1, height: 240)),
      (65_535, 1, .columns(60), PictureSize(width: 480, height: 1)),
    ]
    for entry in cases {
      let picture = PictureSize(width: entry.width, height: entry.height)
      #expect(space.fit(picture) == entry.fit)
      #expect(space.scaled(picture) == entry.scaled)
    }
  }

  @Test("a narrow terminal and a large cell change the space")
  func space() {
    let narrow = PictureSpace(terminalColumns: 20, cell: nil)
    #expect(narrow.fit(PictureSize(width: 480, height: 100)) == .columns(20))
    let large = PictureSpace(terminalColumns: 80, cell: PictureSize(width: 16, height: 36))
    #expect(large.fit(PictureSize(width: 960, height: 540)) == .natural)
    for columns in [0, -1, .min] {
      #expect(PictureSpace(terminalColumns: columns, cell: nil).columns == 1)
    }
    #expect(PictureSpace(terminalColumns: .max, cell: nil).columns == 60)
  }

  @Test("whatever its size, a picture stays within the space")
  func random() {
    SeededRandom.run { random in
      for _ in 0..<10_000 {
        let space = PictureSpace(
          terminalColumns: .random(in: 0...300, using: &random),
          cell: PictureSize(
            width: .random(in: 1...512, using: &random),
            height: .random(in: 1...512, using: &random)))
        let picture = PictureSize(
          width: .random(in: 1...65_535, using: &random),
          height: .random(in: 1...65_535, using: &random))
        let scaled = space.scaled(picture)
        #expect((1...min(space.pixels.width, picture.width)).contains(scaled.width))
        #expect((1...min(space.pixels.height, picture.height)).contains(scaled.height))
      }
    }
  }
}
