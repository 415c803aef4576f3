package import ChatCore
internal import ChatCrypto
package import ChatSystem

/// Keeps a content from being removed, as long as this object lives.
final class ContentPin: Sendable {
  private let shelf: FileShelf
  private let digest: SHA256Digest

  /// Takes over a pin that the shelf has counted.
  init(on digest: SHA256Digest, of shelf: FileShelf) {
    self.shelf = shelf
    self.digest = digest
  }

  deinit { shelf.unpin(digest) }
}

/// A content that an upload has put on the shelf. It stays there while this lives, and after that if
/// it was announced.
package final class StoredContent: Sendable {
  /// What it is.
  package let digest: SHA256Digest
  /// How long it is.
  package let sizeBytes: UInt64

  private let pin: ContentPin

  /// Describes a pinned content.
  init(digest: SHA256Digest, sizeBytes: UInt64, pin: ContentPin) {
    self.digest = digest
    self.sizeBytes = sizeBytes
    self.pin = pin
  }
}

/// A content that is being fetched; it is not removed while this lives.
///
/// Owns: a descriptor, for reading alone.
///
/// Thread: any. The descriptor's number is valid while this lives.
package final class OpenContent: Sendable {
  /// What it is.
  package let digest: SHA256Digest
  /// How long it is.
  package let sizeBytes: UInt64

  private let file: RegularFile
  private let pin: ContentPin

  /// Takes over an open file and its pin.
  init(digest: SHA256Digest, sizeBytes: UInt64, file: RegularFile, pin: ContentPin) {
    self.digest = digest
    self.sizeBytes = sizeBytes
    self.file = file
    self.pin = pin
  }

  /// The open file's number, for sendfile(2) with offsets: its own position is not used.
  package var descriptorNumber: CInt { file.descriptorNumber }

  /// Reads bytes (pread(2)): as many as are asked for, fewer where the content ends before.
  ///
  /// Limit: the caller's `count`, which is allocated.
  package func bytes(from offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
    guard offset < sizeBytes, count > 0 else { return [] }
    var bytes = [UInt8](
      repeating: 0, count: Int(clamping: min(UInt64(count), sizeBytes - offset)))
    let read = try file.read(into: &bytes, 0..<bytes.count, at: offset)
    bytes.removeLast(bytes.count - read)
    return bytes
  }

  /// The SHA-256 of some of its blocks, computed from what lies on the disk.
  ///
  /// - Parameters:
  ///   - block: the first one, counted from 0.
  ///   - limit: how many at most.
  /// - Returns: one digest for each block that is there; none after the last.
  /// - Throws: `ShelfError`; EIO if the file is shorter than it was.
  func computeSums(from block: Int, limit: Int) throws(ShelfError) -> [SHA256Digest] {
    var sums: [SHA256Digest] = []
    let length = BlockSums.blockBytes
    for number in block..<max(block, min(block + limit, BlockSums.count(ofBytes: sizeBytes))) {
      let start = UInt64(number) * length
      sums.append(try sum(of: start..<start + min(length, sizeBytes - start)))
    }
    return sums
  }

  private func sum(of range: Range<UInt64>) throws(ShelfError) -> SHA256Digest {
    var hash: SHA256
    do throws(CryptoError) { hash = try SHA256() } catch { throw .crypto(error) }
    try file.eachPiece(range) { piece throws(CryptoError) in try hash.update(piece) }
    do throws(CryptoError) { return try hash.finish() } catch { throw .crypto(error) }
  }
}
