/// The kind and size of an image, from the first bytes of its file.
///
/// The kind comes from the content, since a file's name proves nothing. Nothing is decoded.
package struct PictureHeader: Equatable, Sendable {
  /// The kinds of image that are recognized.
  package enum Kind: String, CaseIterable, Sendable {
    /// Portable Network Graphics.
    case png = "PNG"
    /// The JPEG coding of stills.
    case jpeg = "JPEG"
    /// Graphics Interchange Format.
    case gif = "GIF"
    /// WebP, lossy, lossless or extended.
    case webp = "WebP"
  }

  /// Limit: the longest side of a picture that is shown, and that JPEG, GIF and lossy WebP can have.
  package static let longestSide = 65_535
  /// Limit: the pixels of a picture that is shown. A decoder needs four bytes for each.
  package static let mostPixels = 100_000_000

  /// Which kind of image it is.
  package let kind: Kind
  /// Its size as the file says, which may be zero or absurd; `nil` if the file ends before it.
  package let size: PictureSize?

  /// Reads a header.
  ///
  /// - Parameters:
  ///   - start: the file's first bytes. 32 are enough for all but JPEG.
  ///   - read: returns up to `count` bytes from an `offset` of the file, for what is not among these;
  ///     fewer, or none, at the end. Called less than 200 times, for 8 bytes at most.
  /// - Returns: `nil` if the file is not an image of one of these kinds.
  package init?(
    _ start: [UInt8], read: (_ offset: Int, _ count: Int) -> [UInt8] = { _, _ in [] }
  ) {
    // Safety: the closure does not outlive this call.
    let found = withoutActuallyEscaping(read) { Self.read(PictureBytes(start: start, read: $0)) }
    guard let found else { return nil }
    (kind, size) = found
  }

  private static func read(_ bytes: PictureBytes) -> (Kind, PictureSize?)? {
    if bytes.has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], at: 0) {
      return (.png, pngSize(bytes))
    }
    if bytes.has(Array("GIF87a".utf8), at: 0) || bytes.has(Array("GIF89a".utf8), at: 0) {
      return (.gif, gifSize(bytes))
    }
    if bytes.has([0xFF, 0xD8, 0xFF], at: 0) { return (.jpeg, jpegSize(bytes)) }
    if bytes.has(Array("RIFF".utf8), at: 0), bytes.has(Array("WEBP".utf8), at: 8) {
      return (.webp, webpSize(bytes))
    }
    return nil
  }

  /// For a person: `PNG image`.
  package var mediaName: String { "\(kind.rawValue) image" }

  /// For a person: `PNG image, 640 x 480`.
  package var words: String {
    guard let size else { return mediaName }
    return "\(mediaName), \(size.width) x \(size.height)"
  }

  /// Its size, if a decoder may be given the file.
  package var showableSize: PictureSize? {
    let sides = 1...Self.longestSide
    guard let size, sides.contains(size.width), sides.contains(size.height),
      size.width * size.height <= Self.mostPixels
    else { return nil }
    return size
  }

  /// Whether a decoder may be given the file: its size is known, not zero and not absurd.
  package var isShowable: Bool { showableSize != nil }

  /// PNG (Third Edition), 5.2 and 11.2.1: the signature, then IHDR with its 13 bytes.
  /// https://www.w3.org/TR/png-3/
  private static func pngSize(_ bytes: PictureBytes) -> PictureSize? {
    guard bytes.has([0, 0, 0, 13], at: 8), bytes.has(Array("IHDR".utf8), at: 12),
      let width = bytes.bigEndian(at: 16, count: 4), let height = bytes.bigEndian(at: 20, count: 4)
    else { return nil }
    return PictureSize(width: width, height: height)
  }

  /// GIF89a, 18: the logical screen follows the signature.
  /// https://www.w3.org/Graphics/GIF/spec-gif89a.txt
  private static func gifSize(_ bytes: PictureBytes) -> PictureSize? {
    guard let width = bytes.littleEndian(at: 6, count: 2),
      let height = bytes.littleEndian(at: 8, count: 2)
    else { return nil }
    return PictureSize(width: width, height: height)
  }
}

// MARK: JPEG

extension PictureHeader {
  /// Limit: markers read in search of a JPEG's size.
  private static let mostMarkers = 64

  /// The size in a JPEG's frame header, which comes after tables and comments of any length.
  ///
  /// Its height may be zero, and follow the first scan (DNL): such a file is not shown.
  /// ITU-T T.81, B.1.1 and B.2.2, https://www.w3.org/Graphics/JPEG/itu-t81.pdf
  fileprivate static func jpegSize(_ bytes: PictureBytes) -> PictureSize? {
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

// MARK: WebP

extension PictureHeader {
  /// The size in a WebP file's first chunk, whose name says which of three codings it is.
  /// RFC 9649, 2.5–2.7; the lossy frame's is RFC 6386, 9.1.
  fileprivate static func webpSize(_ bytes: PictureBytes) -> PictureSize? {
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

/// The bytes of a file: the first ones in memory, the others read on demand.
struct PictureBytes {
  /// The file's first bytes.
  let start: [UInt8]
  /// Returns up to `count` bytes from an `offset` of the file; fewer, or none, at the end.
  let read: (_ offset: Int, _ count: Int) -> [UInt8]

  /// `count` bytes from an offset; `nil` if the file ends before.
  func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    if offset + count <= start.count { return start[offset..<offset + count] }
    let more = read(offset, count)
    return more.count >= count ? more.prefix(count) : nil
  }

  /// Whether these bytes are at an offset.
  func has(_ expected: [UInt8], at offset: Int) -> Bool {
    bytes(at: offset, count: expected.count)?.elementsEqual(expected) ?? false
  }

  /// A big-endian number of up to four bytes.
  func bigEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reduce(0) { $0 << 8 | Int($1) }
  }

  /// A little-endian number of up to four bytes.
  func littleEndian(at offset: Int, count: Int) -> Int? {
    bytes(at: offset, count: count)?.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
