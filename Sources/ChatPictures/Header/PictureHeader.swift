/// What an image file says of itself in its first bytes: which kind it is, and how large.
///
/// The kind is told by the content; a file's name proves nothing. Nothing is decoded.
package struct PictureHeader: Equatable, Sendable {
  /// The kinds of image that are told from each other.
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

  /// Limit: the longest side of a picture that is shown. JPEG, GIF and lossy WebP know no longer one.
  package static let longestSide = 65_535
  /// Limit: the pixels of a picture that is shown. Whoever decodes it needs four bytes for each.
  package static let mostPixels = 100_000_000

  /// Which kind of image it is.
  package let kind: Kind
  /// Its size as the file says, which may be nothing or absurd; `nil` if the file ends before it.
  package let size: PictureSize?

  /// Reads a header.
  ///
  /// - Parameters:
  ///   - start: the file's first bytes. 32 are enough for all but JPEG.
  ///   - read: gives up to `count` bytes from an `offset` of the file, for what isn't among these;
  ///     fewer, or none, at the end. Asked for less than 200 times, for 8 bytes at most.
  /// - Returns: `nil` if the file is no image of a kind known here.
  package init?(
    _ start: [UInt8], read: (_ offset: Int, _ count: Int) -> [UInt8] = { _, _ in [] }
  ) {
    // Sound: the bytes, and what they keep of `read`, are gone when it returns.
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

  /// For a person, all there is to say: `PNG image, 640 x 480`.
  package var words: String {
    guard let size else { return mediaName }
    return "\(mediaName), \(size.width) x \(size.height)"
  }

  /// Its size, if somebody may be asked to decode it.
  package var showableSize: PictureSize? {
    let sides = 1...Self.longestSide
    guard let size, sides.contains(size.width), sides.contains(size.height),
      size.width * size.height <= Self.mostPixels
    else { return nil }
    return size
  }

  /// Whether somebody may be asked to decode it: its size is known, not zero and not absurd.
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
