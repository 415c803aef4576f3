internal import ChatCore
internal import ChatCrypto

/// The SHA-256 of a content that is coming in, and of each block of it: both are known when the last byte is there.
///
/// Thread: one at a time.
struct RunningSums: ~Copyable {
  /// How many bytes it has taken.
  private(set) var byteCount: UInt64 = 0

  private var whole: SHA256
  private var block: SHA256
  private var blocks: [SHA256Digest] = []

  /// Starts with no bytes.
  init() throws(CryptoError) {
    let whole = try SHA256()
    let block = try SHA256()
    self.whole = whole
    self.block = block
  }

  /// Takes the next bytes, any number of them.
  mutating func update(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    try whole.update(bytes)
    var rest = bytes
    while !rest.isEmpty {
      let missing = BlockSums.blockBytes - byteCount % BlockSums.blockBytes
      let piece = UnsafeRawBufferPointer(rebasing: rest[..<Int(min(missing, UInt64(rest.count)))])
      try block.update(piece)
      byteCount += UInt64(piece.count)
      if UInt64(piece.count) == missing { try endBlock() }
      rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
    }
  }

  /// The digests of all that came.
  consuming func finish() throws(CryptoError) -> (whole: SHA256Digest, blocks: [SHA256Digest]) {
    if byteCount % BlockSums.blockBytes != 0 { try endBlock() }
    return (try whole.finish(), blocks)
  }

  private mutating func endBlock() throws(CryptoError) {
    var next = try SHA256()
    swap(&next, &block)
    blocks.append(try next.finish())
  }
}
