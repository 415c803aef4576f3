package import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// The sums of contents' blocks: written beside a content when it is committed, and read from there.
extension FileShelf {
  /// How many blocks are read at once, a few milliseconds' work.
  private static let summedBlocks = 4
  /// How many contents may be known in part.
  private static let unfinishedLimit = 64

  /// The SHA-256 of each block of a content.
  ///
  /// Where they were not written, or can't be read, they are computed from the content and written then: some of
  /// them in each call, one caller at a time, so that a caller that no longer needs them can stop.
  ///
  /// - Returns: `nil` if there are more to compute.
  package func sums(of content: OpenContent) throws(ShelfError) -> [SHA256Digest]? {
    if let known = BlockSums.known(content.digest, sizeBytes: content.sizeBytes) { return known }
    let count = BlockSums.count(ofBytes: content.sizeBytes)
    let bytes = store.readSums(of: content.digest, count: BlockSums.fileBytes(count))
    do throws(CryptoError) {
      if let bytes, let sums = try BlockSums.decode(bytes) { return sums }
    } catch {
      throw .crypto(error)
    }
    return try computeSome(of: content, count: count)
  }

  private func computeSome(
    of content: OpenContent, count: Int
  ) throws(ShelfError) -> [SHA256Digest]? {
    var sums = state.wait { state -> [SHA256Digest]? in
      guard !state.isSumming else { return nil }
      state.isSumming = true
      return state.unfinishedSums[content.digest] ?? []
    }
    var isDone = false
    defer {
      state.withLock { state in
        state.isSumming = false
        state.unfinishedSums[content.digest] = isDone ? nil : sums
        if state.unfinishedSums.count > Self.unfinishedLimit,
          let any = state.unfinishedSums.keys.first
        {
          state.unfinishedSums[any] = nil
        }
      }
      state.wake()
    }
    sums += try content.computeSums(from: sums.count, limit: Self.summedBlocks)
    guard sums.count >= count else { return nil }
    isDone = true
    store(sums, of: content.digest)
    return sums
  }

  /// Writes sums beside their content, if it is not one block alone. Where that can't be they are computed once more.
  func store(_ sums: [SHA256Digest], of digest: SHA256Digest) {
    guard sums.count > 1, let bytes = try? BlockSums.encode(sums) else { return }
    try? store.writeSums(bytes, of: digest)
  }
}
