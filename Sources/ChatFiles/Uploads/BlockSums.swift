internal import ChatCore
internal import ChatCrypto

/// The SHA-256 of each block of a content, as they lie beside it: 32 bytes for each, then those of their own SHA-256,
/// so that what a disk has spoiled is not believed.
package enum BlockSums {
  /// How long a block is; the last one may be shorter.
  package static let blockBytes: UInt64 = 1_048_576

  /// How many blocks a content of this size has.
  package static func count(ofBytes sizeBytes: UInt64) -> Int {
    Int(clamping: sizeBytes / blockBytes + (sizeBytes % blockBytes > 0 ? 1 : 0))
  }

  /// The sums that a content's own digest tells: none of an empty one, its digest where it is one block.
  static func known(_ digest: SHA256Digest, sizeBytes: UInt64) -> [SHA256Digest]? {
    switch count(ofBytes: sizeBytes) {
    case 0: []
    case 1: [digest]
    default: nil
    }
  }

  /// How long the file of so many sums is.
  static func fileBytes(_ count: Int) -> Int { (count + 1) * SHA256Digest.byteCount }

  /// The bytes of the file.
  static func encode(_ sums: [SHA256Digest]) throws(CryptoError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(fileBytes(sums.count))
    for sum in sums { sum.append(to: &bytes) }
    try digest(of: bytes[...]).append(to: &bytes)
    return bytes
  }

  /// Reads the bytes of the file; `nil` if it is not what `encode` wrote.
  static func decode(_ bytes: [UInt8]) throws(CryptoError) -> [SHA256Digest]? {
    let step = SHA256Digest.byteCount
    guard bytes.count >= step, bytes.count % step == 0 else { return nil }
    var sums = stride(from: 0, to: bytes.count, by: step).compactMap {
      SHA256Digest(bytes: bytes[$0..<$0 + step])
    }
    guard try sums.popLast() == digest(of: bytes.dropLast(step)) else { return nil }
    return sums
  }

  private static func digest(of bytes: ArraySlice<UInt8>) throws(CryptoError) -> SHA256Digest {
    try bytes.span.withUnsafeBytes { bytes throws(CryptoError) in try SHA256.digest(of: bytes) }
  }
}
