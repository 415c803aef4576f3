internal import ChatSystem

/// The first page of the journal's file. Numbers are little-endian.
struct JournalHeader {
  /// The version of the format that this release writes.
  static let version: UInt32 = 1
  /// `CHATJRNL`.
  private static let magic: UInt64 = 0x4C4E_524A_5441_4843
  /// How many bytes the checksum covers, which follows them.
  private static let bytes = 40

  /// The journal's own random number, which its records' checksums and the database's note of progress hold.
  let identity: UInt64
  /// Where its first record begins.
  let start: UInt64
  /// How many bytes its ring holds: a file of another size is not whole.
  let capacity: UInt64

  /// Describes a journal.
  init(identity: UInt64, start: UInt64, capacity: Int) {
    (self.identity, self.start, self.capacity) = (identity, start, UInt64(capacity))
  }

  /// Reads a page.
  ///
  /// - Returns: `nil` if it is not one that this release writes.
  init?(_ page: UnsafeRawBufferPointer) {
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: page.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard word(0) == Self.magic, word(8) == UInt64(Self.version),
      word(Self.bytes) == Self.checksum(page)
    else { return nil }
    (identity, start, capacity) = (word(16), word(24), word(32))
  }

  /// Writes the page.
  func write(to page: UnsafeMutableRawBufferPointer) {
    let words = [Self.magic, UInt64(Self.version), identity, start, capacity]
    for (index, word) in words.enumerated() {
      page.storeBytes(of: word.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
    }
    page.storeBytes(
      of: Self.checksum(UnsafeRawBufferPointer(page)).littleEndian, toByteOffset: Self.bytes,
      as: UInt64.self)
  }

  private static func checksum(_ page: UnsafeRawBufferPointer) -> UInt64 {
    XXHash64.hash(UnsafeRawBufferPointer(rebasing: page[..<bytes]), seed: 0)
  }
}
