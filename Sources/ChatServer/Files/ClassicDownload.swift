internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// One file on its way to a classic client: `[FILE]:name` with `size=`, the bytes, `<END>`.
///
/// It is spliced into the paused stream as any long answer is, piece by piece, as fast as the client takes it. What is
/// sent, and when, is the broadcaster's business: so the room's slow readers are judged as ever. This adds the transfer's
/// own rules: its place among all, and the least rate.
///
/// Thread: the session's.
struct ClassicDownload {
  /// How much is read at once.
  private static let pieceBytes = 65_536
  /// The most that may wait in memory: the next piece is read while the last one is sent.
  private static let waitingBytes = 2 * pieceBytes
  /// How many bytes may wait in the system for the network: for thousands that do not read, too.
  private static let unsentBytes: CInt = 65_536
  /// How often it is looked whether the client takes enough.
  private static let checkInterval: Duration = .milliseconds(500)
  private static let fileEnd = Array("<END>\n".utf8)

  /// Why a file is not sent to its end.
  enum Failure: Error {
    /// The client takes too little.
    case tooSlow
    /// The connection is to end.
    case interrupted
    /// The disk failed.
    case unreadable(SystemError)
  }

  private let peer: Peer
  private let slot: TransferSlot
  private var intake: Intake
  private var nextCheck = MonotonicTime.now + checkInterval

  /// - Parameter slot: its place among all downloads.
  init(to peer: Peer, _ slot: TransferSlot) {
    (self.peer, self.slot) = (peer, slot)
    intake = Intake(peer.transport)
    peer.transport.fileTransport?.keepUnsentBytes(
      below: Self.unsentBytes, patience: Self.checkInterval)
  }

  /// Sends a file from an offset on.
  ///
  /// - Throws: `Failure`; a part of it may have been sent then, after which no line can follow.
  mutating func send(
    _ content: OpenContent, named name: String, from start: UInt64
  ) throws(Failure) {
    let count = content.sizeBytes - start
    try splice(TaggedLine("FILE", name, [.init("size", "\(count)")]).encoded())
    var offset = start
    while offset < content.sizeBytes {
      let piece = try read(content, from: offset)
      try splice(piece)
      offset += UInt64(piece.count)
    }
    try splice(Self.fileEnd, isEnd: true)
  }

  /// Waits until the system has all of it: a client that leaves after that has little time for what still waits here.
  mutating func finish() throws(Failure) { try waitForSpace(for: Outbox.capacity) }

  private func read(_ content: OpenContent, from offset: UInt64) throws(Failure) -> [UInt8] {
    let count = Int(min(UInt64(Self.pieceBytes), content.sizeBytes - offset))
    do throws(SystemError) {
      let piece = try content.bytes(from: offset, count: count)
      guard piece.count == count else { throw SystemError("pread", code: SystemError.inputOutput) }
      return piece
    } catch {
      throw .unreadable(error)
    }
  }

  private mutating func splice(_ bytes: [UInt8], isEnd: Bool = false) throws(Failure) {
    try waitForSpace(for: Outbox.capacity - Self.waitingBytes + bytes.count)
    // What was waited for is only less by now.
    guard peer.splice(bytes, isWhole: isEnd) == .queued else { throw .interrupted }
  }

  /// Waits until so much can be spliced in, as long as the client takes enough.
  private mutating func waitForSpace(for count: Int) throws(Failure) {
    while true {
      if MonotonicTime.now >= nextCheck { try check() }
      switch peer.waitForSpace(for: count, toSplice: true, until: nextCheck) {
      case true?: return
      case false?: throw .interrupted
      case nil: break
      }
    }
  }

  private mutating func check() throws(Failure) {
    nextCheck = .now + Self.checkInterval
    guard slot.note(intake.taken()) == .goesOn else { throw .tooSlow }
  }
}
