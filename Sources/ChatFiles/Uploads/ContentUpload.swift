internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// A content that is being uploaded: bytes are appended, and at the end it is committed or discarded.
///
/// It ends with `finish` or `abandon`, or else when this object does. After that it must not be used.
///
/// Owns: the partial file's descriptor, and the use of its name.
///
/// Thread: one at a time.
package final class ContentUpload: @unchecked Sendable {
  // Safety: confined to one thread at a time, the uploading session's.

  /// How many bytes are there: the next ones are appended after them.
  package private(set) var receivedBytes: UInt64
  /// Whether another upload can go on where this one ends.
  package let isResumable: Bool

  /// Evicts slow downloads to make space; returns whether it is worth waiting for.
  package var makeWay: () -> Bool = { false }

  private let shelf: FileShelf
  private let name: String
  private let declaredDigest: SHA256Digest?
  private let declaredSizeBytes: UInt64?
  /// `nil` when the upload has ended.
  private var file: RegularFile?
  /// Something was appended.
  private var hasGrown = false
  /// The sums of what is there, or of its beginning: the rest has to be read again for that.
  private var sums: RunningSums?

  /// Takes over a partial file in use.
  init(
    to shelf: FileShelf, name: String, isResumable: Bool, file: RegularFile,
    receivedBytes: UInt64, declaredDigest: SHA256Digest?, declaredSizeBytes: UInt64?
  ) {
    self.shelf = shelf
    self.name = name
    self.isResumable = isResumable
    self.file = file
    self.receivedBytes = receivedBytes
    self.declaredDigest = declaredDigest
    self.declaredSizeBytes = declaredSizeBytes
  }

  deinit { abandon(keepsPartial: true) }

  /// Drops the bytes after an offset, so that the next ones are appended there.
  ///
  /// - Throws: `ShelfError`; `badOffset` if there are fewer bytes: then all is as before.
  package func rewind(to offset: UInt64) throws(ShelfError) {
    guard offset <= receivedBytes else { throw .badOffset }
    guard offset < receivedBytes else { return }
    do throws(SystemError) {
      try withFile { file throws(SystemError) in try file.truncate(to: offset) }
    } catch {
      throw ShelfError(error)
    }
    if sums?.byteCount ?? 0 > offset { sums = nil }
    receivedBytes = offset
    shelf.setPartial(name, sizeBytes: offset)
  }

  /// Reads what was there before: bytes are appended when all of it has been.
  private func hashExisting() throws(ShelfError) {
    do throws(CryptoError) {
      if sums == nil { sums = try RunningSums() }
    } catch {
      throw .crypto(error)
    }
    guard let start = sums?.byteCount, start < receivedBytes else { return }
    do throws(ShelfError) {
      try withFile { file throws(ShelfError) in
        try file.eachPiece(start..<receivedBytes) { piece throws(CryptoError) in
          try sums?.update(piece)
        }
      }
    } catch {
      sums = nil
      throw error
    }
  }

  /// Appends bytes: all of them, or none if an error is thrown.
  ///
  /// - Throws: `ShelfError`; `sizeMismatch` if they are more than was declared.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(ShelfError) {
    let count = UInt64(bytes.count)
    if let declaredSizeBytes, count > declaredSizeBytes - receivedBytes { throw .sizeMismatch }
    guard count > 0 else { return }
    try hashExisting()
    try shelf.reserve(count, for: name, makeWay: makeWay)
    do throws(SystemError) {
      try withFile { file throws(SystemError) in
        if let error = file.write(bytes, at: receivedBytes).error { throw error }
      }
    } catch {
      // Where even this fails, the bytes that are too many are overwritten or cut off later.
      try? withFile { file throws(SystemError) in try file.truncate(to: receivedBytes) }
      shelf.setPartial(name, sizeBytes: receivedBytes)
      throw ShelfError(error)
    }
    receivedBytes += count
    hasGrown = true
    do throws(CryptoError) {
      try sums?.update(bytes)
    } catch {
      sums = nil
      try? rewind(to: receivedBytes - count)
      throw .crypto(error)
    }
  }

  /// Checks what has come, and puts it on the shelf. The upload ends: where an error is thrown,
  /// nothing of it is left.
  ///
  /// - Throws: `ShelfError`; `sizeMismatch` or `digestMismatch` if it is not what was declared.
  package func finish() throws(ShelfError) -> StoredContent {
    defer { abandon(keepsPartial: false) }
    if let declaredSizeBytes, declaredSizeBytes != receivedBytes { throw .sizeMismatch }
    let (digest, blocks) = try finishSums()
    if let declaredDigest, declaredDigest != digest { throw .digestMismatch }
    do throws(SystemError) {
      let content = try withFile { file throws(SystemError) in
        // What a failed append could not cut off.
        try file.truncate(to: receivedBytes)
        return try shelf.commit(
          file, partial: name, as: digest, sizeBytes: receivedBytes, blocks: blocks)
      }
      file = nil
      return content
    } catch {
      throw ShelfError(error)
    }
  }

  /// Ends the upload without a content. One that has ended is left alone.
  ///
  /// - Parameter keepsPartial: leaves what is there to be resumed, if it is resumable.
  package func abandon(keepsPartial: Bool) {
    guard file != nil else { return }
    // An empty one is not worth keeping.
    if keepsPartial && isResumable && receivedBytes > 0 {
      file = nil
      shelf.release(partial: name, modifiedSeconds: hasGrown ? shelf.nowSeconds() : nil)
    } else {
      file = nil
      shelf.discard(partial: name)
    }
  }

  // MARK: The file and its hash

  private func finishSums() throws(ShelfError) -> (SHA256Digest, [SHA256Digest]) {
    try hashExisting()
    do throws(CryptoError) {
      // They are there, once all has been hashed.
      let complete: RunningSums
      if let sums = sums.take() { complete = sums } else { complete = try RunningSums() }
      let (whole, blocks) = try complete.finish()
      return (whole, blocks)
    } catch {
      throw .crypto(error)
    }
  }

  /// Traps if the upload has ended, which is a bug of the caller.
  private func withFile<Result: ~Copyable, Failure: Error>(
    _ body: (RegularFile) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let file else { preconditionFailure("the upload has ended") }
    return try body(file)
  }
}
