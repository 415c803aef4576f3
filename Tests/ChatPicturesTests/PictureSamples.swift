import ChatPictures

/// Image files made by hand: headers alone, and one whole picture.
enum PictureSamples {
  /// A PNG's header, followed by nothing.
  static func png(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
      + bigEndian(width, 4) + bigEndian(height, 4) + [8, 2, 0, 0, 0]
  }

  /// A GIF's header.
  static func gif(_ width: UInt32, _ height: UInt32, version: String = "89a") -> [UInt8] {
    Array("GIF\(version)".utf8) + littleEndian(width, 2) + littleEndian(height, 2) + [0, 0, 0]
  }

  /// A JPEG's beginning: segments of `before` bytes each, then a frame header of a kind.
  static func jpeg(
    _ width: UInt32, _ height: UInt32, before: [Int] = [14], frame: UInt8 = 0xC0
  ) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8]
    for count in before {
      bytes +=
        [0xFF, 0xE0] + bigEndian(UInt32(count + 2), 2) + [UInt8](repeating: 0xFF, count: count)
    }
    bytes += [0xFF, frame, 0, 11, 8] + bigEndian(height, 2) + bigEndian(width, 2)
    return bytes + [1, 1, 0x11, 0]
  }

  /// A lossy WebP's header.
  static func lossyWebP(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    riff("VP8 ") + [0x10, 0, 0, 0x9D, 0x01, 0x2A] + littleEndian(width, 2) + littleEndian(height, 2)
  }

  /// A lossless WebP's header.
  static func losslessWebP(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    riff("VP8L") + [0x2F] + littleEndian((width - 1) | (height - 1) << 14 | 1 << 28, 4)
  }

  /// An extended WebP's header.
  static func extendedWebP(_ width: UInt32, _ height: UInt32) -> [UInt8] {
    riff("VP8X") + [0x10, 0, 0, 0] + littleEndian(width - 1, 3) + littleEndian(height - 1, 3)
  }

  /// One header of each kind and coding, all of 640 by 480 pixels.
  static let all: [(kind: PictureHeader.Kind, bytes: [UInt8])] = [
    (.png, png(640, 480)), (.gif, gif(640, 480)), (.gif, gif(640, 480, version: "87a")),
    (.jpeg, jpeg(640, 480)), (.jpeg, jpeg(640, 480, before: [], frame: 0xC2)),
    (.webp, lossyWebP(640, 480)), (.webp, losslessWebP(640, 480)),
    (.webp, extendedWebP(640, 480)),
  ]

  /// A whole PNG of one grey pixel.
  static let pixel: [UInt8] =
    png(1, 1) + [0x90, 0x77, 0x53, 0xDE, 0, 0, 0, 12] + Array("IDAT".utf8)
    + [0x78, 0x9C, 0x63, 0x68, 0x68, 0x68, 0x00, 0x00, 0x03, 0x04, 0x01, 0x81]
    + [0x4B, 0xD3, 0xD2, 0x10, 0, 0, 0, 0] + Array("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82]

  private static func riff(_ chunk: String) -> [UInt8] {
    Array("RIFF".utf8) + [100, 0, 0, 0] + Array("WEBP\(chunk)".utf8) + [88, 0, 0, 0]
  }

  private static func bigEndian(_ number: UInt32, _ count: Int) -> [UInt8] {
    littleEndian(number, count).reversed()
  }

  private static func littleEndian(_ number: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
  }
}
