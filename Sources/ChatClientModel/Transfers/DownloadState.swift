internal import ChatCore

/// The state machine of a download. Pure.
///
/// What is here is always a prefix of the file. The server is asked for the rest, and only bytes that continue the
/// prefix are accepted. A download fails when something wrong came for the third time, or when the connection was
/// lost for the third time in a row without a single new byte.
package struct DownloadState: Sendable {
  /// How many times something may go wrong.
  package static let attempts = 3
  /// Limit: of the bytes of an earlier request that may still be on their way.
  private static let mostStaleBytes: UInt64 = 67_108_864

  /// What the download waits for.
  package enum Phase: Equatable, Sendable {
    /// What is here is being hashed.
    case preparing
    /// The server, for bytes.
    case receiving
    /// The server, for the sums of the blocks.
    case summing
    /// What is here is being compared with them.
    case comparing
    /// Another connection.
    case interrupted
  }

  /// What to do next.
  package enum Step: Equatable, Sendable {
    case nothing
    /// Ask for the file from this offset on.
    case get(offset: UInt64)
    /// All has come: check it.
    case check
    /// Ask for the sums of the blocks.
    case askSums
    /// Compare what is here with the sums.
    case compare
    /// It has failed.
    case fail(Failure)
  }

  /// What to do with a frame.
  package enum FrameFate: Equatable, Sendable {
    /// Its bytes are the next ones.
    case take
    /// It belongs to an earlier request, or none.
    case drop
    /// It is wrong.
    case refuse(Step)
  }

  /// Why it failed.
  package enum Failure: Equatable, Sendable {
    /// What came was not what was announced, too often.
    case damaged
    /// The connection was lost too often.
    case lost
  }

  /// How many bytes the whole file has.
  package let size: UInt64
  /// What it waits for.
  package private(set) var phase = Phase.preparing
  /// How many bytes are here.
  package private(set) var length: UInt64 = 0
  /// The first 8 bytes of each block's SHA-256, as far as they have come.
  package private(set) var sums: [UInt64] = []
  private var mistakes = 0
  private var losses = 0
  /// Bytes have come over this connection.
  private var hasProgress = false
  /// All has come, and is damaged; the damaged blocks are not known yet.
  private var isDamaged = false
  /// How many bytes of an earlier request have come; `nil` if none is open.
  private var staleBytes: UInt64?

  /// Makes the state of a download that has not begun.
  package init(size: UInt64) { self.size = size }

  /// Whether the server has to say something next.
  package var isWaiting: Bool { phase == .receiving || phase == .summing }

  // MARK: What comes

  /// This many bytes are here, and hashed.
  package mutating func begin(length: UInt64) -> Step {
    self.length = length
    if length == size { return .check }
    phase = .receiving
    return .get(offset: length)
  }

  /// What is here has to be hashed again.
  package mutating func prepareAgain() { phase = .preparing }

  /// A frame begins. Both numbers are the server's, and not to be trusted.
  package mutating func frame(offset: UInt64, size frameSize: UInt64) -> FrameFate {
    guard phase == .receiving else { return .drop }
    // No server that keeps the protocol sends such a frame, for no request.
    guard frameSize <= UInt64(Limits.frameBytes) else { return .refuse(mistake()) }
    if offset == length, frameSize <= size - length {
      staleBytes = nil
      return .take
    }
    if let stale = staleBytes, stale < Self.mostStaleBytes {
      staleBytes = stale + frameSize + 1
      return .drop
    }
    return .refuse(mistake())
  }

  /// This many bytes of a frame have come.
  package mutating func received(_ count: Int) {
    length += UInt64(count)
    (hasProgress, losses) = (true, 0)
  }

  /// The server says that this was all.
  package mutating func end() -> Step {
    guard phase == .receiving else { return .nothing }
    if length == size { return .check }
    // It may be the end of an earlier request.
    if let stale = staleBytes, stale < Self.mostStaleBytes {
      staleBytes = Self.mostStaleBytes
      return .nothing
    }
    return mistake()
  }

  /// Asks for the rest again, after something wrong came.
  private mutating func mistake() -> Step {
    mistakes += 1
    guard mistakes < Self.attempts else { return .fail(.damaged) }
    staleBytes = 0
    return .get(offset: length)
  }

  // MARK: What is wrong

  /// All is here, and the digest is wrong.
  package mutating func mismatch() -> Step {
    mistakes += 1
    isDamaged = true
    return askSums()
  }

  private mutating func askSums() -> Step {
    phase = .summing
    sums = []
    return .askSums
  }

  /// Sums of blocks have come.
  package mutating func take(sums words: [String], isLast: Bool) -> Step {
    guard phase == .summing else { return .nothing }
    let (whole, rest) = length.quotientAndRemainder(dividingBy: UInt64(Limits.sumBlockBytes))
    let blocks = whole + (rest > 0 ? 1 : 0)
    for word in words where UInt64(sums.count) < blocks {
      // A word that is no sum matches no block.
      guard word.utf8.count == 16, let sum = UInt64(word, radix: 16) else { break }
      sums.append(sum)
    }
    guard isLast else { return .nothing }
    phase = .comparing
    return .compare
  }

  /// The part was cut after its last good block, or emptied if all blocks seem good.
  package mutating func compared(length: UInt64) -> Step {
    self.length = length
    sums = []
    isDamaged = false
    guard mistakes < Self.attempts else { return .fail(.damaged) }
    phase = .receiving
    staleBytes = nil
    return .get(offset: length)
  }

  // MARK: Connections

  /// The connection is lost. A part that is being hashed or compared does not depend on it.
  package mutating func interrupt() -> Step {
    guard isWaiting else { return .nothing }
    if !hasProgress { losses += 1 }
    hasProgress = false
    phase = .interrupted
    staleBytes = nil
    return losses < Self.attempts ? .nothing : .fail(.lost)
  }

  /// The connection is there again.
  package mutating func resume() -> Step {
    guard phase == .interrupted else { return .nothing }
    return isDamaged ? askSums() : begin(length: length)
  }
}
