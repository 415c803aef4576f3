internal import ChatCore
internal import ChatSystem

/// Encoded lines that a client said and its room has not received yet.
struct LineBatch {
  /// The lines, each with its LF.
  var bytes: [UInt8] = []
  /// How many they are.
  var lineCount = 0

  /// Drops the lines and keeps the space.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    lineCount = 0
  }
}

/// What a session needs while it serves one read, and not while it waits for the next.
///
/// Owned by one session at a time.
final class WorkBuffers: @unchecked Sendable {
  // Safety: one session at a time uses it, and the pool's lock hands it on.

  /// How much is received at once.
  static let inputBytes = 16_384
  /// How much is received at once from a client that uploads.
  static let fileInputBytes = 65_536
  /// How much is encoded before it goes to the room.
  static let batchBytes = 32_768

  /// Where the socket's bytes arrive.
  var input: [UInt8]
  /// Space for the lines that are encoded.
  var batch = LineBatch()

  /// Makes buffers that receive so much at once.
  init(inputBytes: Int = inputBytes) {
    input = [UInt8](repeating: 0, count: inputBytes)
    batch.bytes.reserveCapacity(Self.batchBytes + Limits.serverLineBytes)
  }
}

/// Free work buffers. An idle client holds none.
///
/// Thread: any.
final class WorkBufferPool: Sendable {
  /// How many stay when none is needed.
  private static let spareCount = 16

  private let free = Guarded<[WorkBuffers]>([])

  /// Takes buffers, empty.
  ///
  /// - Throws: `SystemError` if there is no memory for more.
  func take() throws(SystemError) -> WorkBuffers {
    if let buffers = free.withLock({ $0.popLast() }) { return buffers }
    return try make(inputBytes: WorkBuffers.inputBytes)
  }

  /// Makes buffers for a session that keeps them over several reads.
  func make(inputBytes: Int) throws(SystemError) -> WorkBuffers {
    let bytes = inputBytes + WorkBuffers.batchBytes + Limits.serverLineBytes
    return try MemoryReserve.taking(bytes, for: "malloc") { WorkBuffers(inputBytes: inputBytes) }
  }

  /// Gives buffers back.
  func give(_ buffers: WorkBuffers) {
    free.withLock { if $0.count < Self.spareCount { $0.append(buffers) } }
  }
}
