internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// The SHA-256 of a file as far as it has come.
///
/// Thread: one at a time.
final class RunningHash {
  /// How many bytes of a file are read at once.
  private static let pieceBytes = 262_144

  private var hash: SHA256?

  /// Starts with no bytes.
  init() throws(CryptoError) { hash = try SHA256() }

  /// Takes the next bytes.
  func update(_ bytes: Span<UInt8>) throws(CryptoError) {
    // Safety: the bytes are read inside the closure alone.
    try bytes.withUnsafeBytes { bytes throws(CryptoError) in try hash?.update(bytes) }
  }

  /// The digest of all that came. Only once.
  func finish() throws(CryptoError) -> SHA256Digest? { try hash.take()?.finish() }

  // MARK: Files

  /// Takes a range of a file, a piece at a time.
  ///
  /// - Throws: `HashFailure`, also if the file ends before the range does, or it was cancelled.
  func update(
    _ file: RegularFile, _ range: Range<UInt64>, until transfer: TransferControl
  ) throws(HashFailure) {
    var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(Self.pieceBytes), range.upperBound)))
    var offset = range.lowerBound
    while offset < range.upperBound {
      if transfer.isCancelled { throw HashFailure.cancelled }
      let wanted = Int(min(UInt64(buffer.count), range.upperBound - offset))
      do {
        guard try file.read(into: &buffer, 0..<wanted, at: offset) == wanted else {
          throw HashFailure.changed
        }
        try update(buffer.span.extracting(0..<wanted))
      } catch {
        throw HashFailure(error)
      }
      offset += UInt64(wanted)
    }
  }

  /// The digest of a file's first bytes.
  static func digest(
    of file: RegularFile, size: UInt64, until transfer: TransferControl
  ) throws(HashFailure) -> SHA256Digest {
    do {
      let hash = try RunningHash()
      try hash.update(file, 0..<size, until: transfer)
      guard let digest = try hash.finish() else { throw HashFailure.changed }
      return digest
    } catch {
      throw HashFailure(error)
    }
  }

  /// Compares a file with the sums of its blocks.
  ///
  /// - Parameters:
  ///   - size: how long the file is.
  ///   - sums: each block's SHA-256.
  /// - Returns: what precedes the first damaged block.
  static func compare(
    _ file: RegularFile, size: UInt64, with sums: [SHA256Digest], until transfer: TransferControl
  ) throws(HashFailure) -> HashedPart {
    do {
      let whole = try RunningHash()
      var good: UInt64 = 0
      for sum in sums where good < size {
        let end = min(good + UInt64(Limits.sumBlockBytes), size)
        let block = try RunningHash()
        try block.update(file, good..<end, until: transfer)
        guard try block.finish() == sum else { break }
        try whole.update(file, good..<end, until: transfer)
        good = end
      }
      return HashedPart(length: good, hash: whole)
    } catch {
      throw HashFailure(error)
    }
  }
}

/// A prefix of a file, and its hash.
struct HashedPart {
  /// How many bytes it has.
  let length: UInt64
  let hash: RunningHash
}

/// A file that cannot be hashed.
struct HashFailure: Error {
  /// For a person.
  let reason: String

  /// Others have changed the file.
  static let changed = HashFailure(reason: "the file has changed")

  /// The name refers to another file now, or none.
  static let moved = HashFailure(reason: "what was received has been moved or removed")
  /// The transfer was cancelled.
  static let cancelled = HashFailure(reason: "it is given up")

  private init(reason: String) { self.reason = reason }

  init(_ error: any Error) {
    reason =
      switch error {
      case let error as HashFailure: error.reason
      case let error as SystemError: error.reason
      default: "\(error)"
      }
  }
}
