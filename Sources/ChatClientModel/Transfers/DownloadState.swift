internal import ChatCore

/// How far a download is, and what is to be done next. Pure.
///
/// What is here is only ever its beginning. The server is asked for the rest, and only bytes that go on where
/// the beginning ends are taken. Three times may what came be wrong, and three times in a row may the connection
/// be lost without a single new byte.
package struct DownloadState: Sendable {
  /// How often something may go wrong.
  package static let attempts = 3
  /// So many bytes that were asked for before may still be on their way.
  private static let mostStaleBytes: UInt64 = 67_108_864

  /// What it waits for.
  package enum Phase: Equatable, Sendable {
    /// What is here is being hashed.
    case preparing
    /// The server, for bytes.
    case receiving
    /// The server, for the sums of the blocks.
    case summing
    /// What is here is being compared with them.
    case comparing
    /// The connection: it is lost.
    case interrupted
  }

  /// What is to be done.
  package enum Step: Equatable, Sendable {
    case nothing
    /// Ask for the file from there on.
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

  /// What becomes of a frame.
  package enum FrameFate: Equatable, Sendable {
    /// Its bytes are the next ones.
    case take
    /// It is not for us, or was on its way when something else was asked for.
    case drop
    /// It is wrong.
    case refuse(Step)
  }

  /// Why it failed.
  package enum Failure: Equatable, Sendable {
    /// It was not what was announced, and that too often.
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
  /// The beginnings of the blocks' hashes, as far as they have come.
  package private(set) var sums: [UInt64] = []
  private var mistakes = 0
  private var losses = 0
  /// Something has come since the connection was there.
  private var hasProgress = false
  /// All has come, and it was wrong: which blocks are is not known yet.
  private var isDamaged = false
  /// What was asked for before is on its way; so many bytes of it have come.
  private var staleBytes: UInt64?

  /// Makes the state of a download that is to begin.
  package init(size: UInt64) { self.size = size }

  /// Whether the server has to say something next.
  package var isWaiting: Bool { phase == .receiving || phase == .summing }

  // MARK: What comes

  /// So many bytes are here, and hashed.
  package mutating func begin(length: UInt64) -> Step {
    self.length = length
    if length == size { return .check }
    phase = .receiving
    return .get(offset: length)
  }

  /// What is here has to be hashed once more.
  package mutating func prepareAgain() { phase = .preparing }

  /// A frame begins. Both numbers are the server's, and may be any.
  package mutating func frame(offset: UInt64, size frameSize: UInt64) -> FrameFate {
    guard phase == .receiving else { return .drop }
    // No server that keeps the protocol sends such a one: it is never one that was on its way.
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

  /// So many bytes of a frame are here now.
  package mutating func received(_ count: Int) {
    length += UInt64(count)
    (hasProgress, losses) = (true, 0)
  }

  /// The server says that this was all.
  package mutating func end() -> Step {
    guard phase == .receiving else { return .nothing }
    if length == size { return .check }
    // It may be that of what was asked for before.
    if let stale = staleBytes, stale < Self.mostStaleBytes {
      staleBytes = Self.mostStaleBytes
      return .nothing
    }
    return mistake()
  }

  /// Something that came was wrong: the rest is asked for again.
  private mutating func mistake() -> Step {
    mistakes += 1
    guard mistakes < Self.attempts else { return .fail(.damaged) }
    staleBytes = 0
    return .get(offset: length)
  }

  // MARK: What is wrong

  /// All is here, and it is not what was announced.
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
      // One that is none fits no block.
      guard word.utf8.count == 16, let sum = UInt64(word, radix: 16) else { break }
      sums.append(sum)
    }
    guard isLast else { return .nothing }
    phase = .comparing
    return .compare
  }

  /// The part is as long as its good blocks now, or empty if all of them seem to be.
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

  /// The connection is lost. A part that is being hashed or compared is no concern of the connection's.
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
