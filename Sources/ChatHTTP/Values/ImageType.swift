/// The images that browsers may show: those that hold nothing that runs.
package enum ImageType: Sendable, CaseIterable {
  case png, jpeg, gif, webp

  /// How many bytes at the beginning tell.
  package static let signatureBytes = 12

  /// Tells an image by its first bytes (WHATWG, MIME Sniffing, section 6.1); `nil` if it is none of these.
  package init?(beginning bytes: [UInt8]) {
    func has(_ signature: [UInt8], at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: signature)
    }
    if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if has([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if has(Array("GIF87a".utf8)) || has(Array("GIF89a".utf8)) {
      self = .gif
    } else if has(Array("RIFF".utf8)), has(Array("WEBP".utf8), at: 8) {
      self = .webp
    } else {
      return nil
    }
  }

  /// Its type for browsers.
  package var contentType: ResponseHead.Value {
    switch self {
    case .png: "image/png"
    case .jpeg: "image/jpeg"
    case .gif: "image/gif"
    case .webp: "image/webp"
    }
  }
}
