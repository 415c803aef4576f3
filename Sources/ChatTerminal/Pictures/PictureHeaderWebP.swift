extension PictureHeader {
  /// The size in a WebP file's first chunk, whose name says which of three codings it is.
  /// RFC 9649, 2.5–2.7; the lossy frame's is RFC 6386, 9.1.
  static func webpSize(_ bytes: PictureBytes) -> PictureSize? {
    if bytes.has(Array("VP8X".utf8), at: 12) { return extendedSize(bytes) }
    if bytes.has(Array("VP8L".utf8), at: 12) { return losslessSize(bytes) }
    if bytes.has(Array("VP8 ".utf8), at: 12) { return lossySize(bytes) }
    return nil
  }

  /// Flags, then canvas width and height, each less one, in three bytes.
  private static func extendedSize(_ bytes: PictureBytes) -> PictureSize? {
    guard let width = bytes.littleEndian(at: 24, count: 3),
      let height = bytes.littleEndian(at: 27, count: 3)
    else { return nil }
    return PictureSize(width: width + 1, height: height + 1)
  }

  /// A signature byte, then width and height, each less one, in 14 bits.
  private static func losslessSize(_ bytes: PictureBytes) -> PictureSize? {
    guard bytes.has([0x2F], at: 20), let bits = bytes.littleEndian(at: 21, count: 4) else {
      return nil
    }
    return PictureSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
  }

  /// A frame tag whose lowest bit is 0 for a key frame, a start code, then width and height in 14
  /// bits, each with two bits of scaling above.
  private static func lossySize(_ bytes: PictureBytes) -> PictureSize? {
    guard let tag = bytes.littleEndian(at: 20, count: 3), tag & 1 == 0,
      bytes.has([0x9D, 0x01, 0x2A], at: 23),
      let width = bytes.littleEndian(at: 26, count: 2),
      let height = bytes.littleEndian(at: 28, count: 2)
    else { return nil }
    return PictureSize(width: width & 0x3FFF, height: height & 0x3FFF)
  }
}
