internal import ChatCore
package import ChatSystem

/// What a client's input and the answers it asks for cost, in tokens of its bucket. Pure.
package struct ClientBudget: Sendable {
  /// So many empty lines cost as much as one that says something.
  private static let emptyLinesPerToken = 64

  private var bucket: TokenBucket
  private var meter = WorkMeter(at: 0)
  private var emptyLines = 0
  /// How many tokens the present chunk has cost.
  private var chunkTokens = 0
  /// How many bytes of the present chunk belong to files.
  private var chunkFileBytes = 0

  /// Makes a full budget.
  ///
  /// - Parameter rate: lines a second; 0 means no limit.
  package init(rate: Int, now: MonotonicTime) {
    bucket = TokenBucket(rate: rate, burst: 10 * rate, now: now)
  }

  /// Takes tokens.
  ///
  /// - Returns: how long the client has to wait; zero mostly.
  package mutating func take(_ tokens: Int, now: @autoclosure () -> MonotonicTime) -> Duration {
    chunkTokens += tokens
    return bucket.take(tokens, now: now())
  }

  // MARK: Input

  /// A chunk of input begins.
  package mutating func beginChunk() { (chunkTokens, chunkFileBytes) = (0, 0) }

  /// What a line costs. An empty one is hardly any work.
  package mutating func tokens(forLine line: Span<UInt8>) -> Int {
    guard line.isEmpty else { return 1 }
    emptyLines += 1
    return emptyLines % Self.emptyLinesPerToken == 0 ? 1 : 0
  }

  /// What a chunk costs besides its lines: a stream of bytes without line ends costs as much as the longest lines.
  package func tokens(forChunkOf bytes: Int) -> Int {
    (bytes - chunkFileBytes) / Limits.clientLineBytes - chunkTokens
  }

  /// Bytes of the present chunk belong to a file, and cost nothing.
  package mutating func noteFileBytes(_ count: Int) { chunkFileBytes += count }

  // MARK: Answers

  /// The work on an answer begins.
  ///
  /// - Parameter nanoseconds: processor time of this thread.
  package mutating func beginWork(at nanoseconds: Int64) { meter = WorkMeter(at: nanoseconds) }

  /// What the work on the answer costs since the last time.
  package mutating func workTokens(at nanoseconds: Int64) -> Int { meter.tokens(at: nanoseconds) }
}

/// What an answer costs: a token for each millisecond of processor time. Pure.
package struct WorkMeter: Sendable {
  private static let nanosecondsPerToken: Int64 = 1_000_000

  /// Processor time up to here has been charged.
  private var counted: Int64

  /// Counts from now on.
  ///
  /// - Parameter nanoseconds: processor time of this thread.
  package init(at nanoseconds: Int64) { counted = nanoseconds }

  /// What the work since the last time costs; a fraction of a token is carried over.
  package mutating func tokens(at nanoseconds: Int64) -> Int {
    let tokens = max(0, nanoseconds - counted) / Self.nanosecondsPerToken
    counted += tokens * Self.nanosecondsPerToken
    return Int(tokens)
  }
}
