extension PictureHeader {
  /// Limit: markers looked at before a JPEG's size is given up.
  static let mostMarkers = 64

  /// The size in a JPEG's frame header, which comes after tables and comments of any length.
  ///
  /// Its height may be zero, and follow the first scan (DNL): such a file is not shown.
  /// ITU-T T.81, B.1.1 and B.2.2, https://www.w3.org/Graphics/JPEG/itu-t81.pdf
  static func jpegSize(_ bytes: PictureBytes) -> PictureSize? {
    var offset = 2
    for _ in 0..<mostMarkers {
      guard let marker = bytes.bigEndian(at: offset, count: 2), marker >> 8 == 0xFF else {
        return nil
      }
      switch marker & 0xFF {
      case 0xFF:  // A fill byte before a marker.
        offset += 1
      case 0x01, 0xD0...0xD7:  // TEM and RSTn stand alone.
        offset += 2
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:  // SOFn
        return frameSize(bytes, at: offset + 2)
      case 0x00, 0xD8, 0xD9, 0xDA:  // No marker, SOI, EOI, SOS: no frame header comes any more.
        return nil
      default:
        // The length counts its own two bytes.
        guard let length = bytes.bigEndian(at: offset + 2, count: 2), length >= 2 else {
          return nil
        }
        offset += 2 + length
      }
    }
    return nil
  }

  /// B.2.2: length, precision, lines, samples per line.
  private static func frameSize(_ bytes: PictureBytes, at offset: Int) -> PictureSize? {
    guard let length = bytes.bigEndian(at: offset, count: 2), length >= 8,
      let height = bytes.bigEndian(at: offset + 3, count: 2),
      let width = bytes.bigEndian(at: offset + 5, count: 2)
    else { return nil }
    return PictureSize(width: width, height: height)
  }
}
