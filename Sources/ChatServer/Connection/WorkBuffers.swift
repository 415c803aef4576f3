internal import ChatCore
internal import ChatSystem

/// What a session needs while it works on what it received, and not while it waits.
///
/// Owned by one session at a time.
final class WorkBuffers {
  /// How much is received at once.
  static let inputBytes = 16_384
  /// How much is encoded before it goes to the room.
  static let batchBytes = 32_768

  /// How much is received at once of who sends files: a frame.
  static let fileInputBytes = Limits.frameBytes

  /// Where the socket's bytes arrive.
  var input: [UInt8]

  /// Encoded lines that the room has not got yet.
  var batch: [UInt8] = []
  /// How many lines they are.
  var batchLines = 0

  /// Makes buffers for who sends lines, or files.
  init(inputBytes: Int = inputBytes) {
    input = [UInt8](repeating: 0, count: inputBytes)
    batch.reserveCapacity(Self.batchBytes + Limits.serverLineBytes)
  }
}

/// Work buffers that nobody uses: an idle client holds none.
///
/// Thread: any.
final class WorkBufferPool: @unchecked Sendable {
  // Sound: `free` is guarded by `lock`, and what is in it belongs to nobody.

  /// How many are kept when nobody needs them.
  private static let keptCount = 16

  private let lock = Lock()
  private var free: [WorkBuffers] = []

  /// Takes buffers, empty.
  ///
  /// - Throws: `SystemError` if there is no memory for more.
  func take() throws(SystemError) -> WorkBuffers {
    if let buffers = lock.withLock({ free.popLast() }) { return buffers }
    return try make(inputBytes: WorkBuffers.inputBytes)
  }

  /// Makes buffers that somebody keeps.
  func make(inputBytes: Int) throws(SystemError) -> WorkBuffers {
    let bytes = inputBytes + WorkBuffers.batchBytes + Limits.serverLineBytes
    return try MemoryReserve.taking(bytes, for: "malloc") { WorkBuffers(inputBytes: inputBytes) }
  }

  /// Gives buffers back.
  func give(_ buffers: WorkBuffers) {
    lock.withLock { if free.count < Self.keptCount { free.append(buffers) } }
  }
}
