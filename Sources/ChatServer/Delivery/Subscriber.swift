internal import ChatCore
package import ChatSystem

/// A reader of a room's stream: how far it has been sent, and what keeps it from more.
///
/// Made at each join, and owned by the room's broadcaster.
///
/// Thread: confined to the broadcaster's queue, from when the log has handed it over. A pass may have two threads
/// send, each to other subscribers.
package final class Subscriber: @unchecked Sendable {
  // Safety: the log's lock hands it from the session, which makes it and touches it no more, to the broadcaster.

  /// The most one `send` offers: a socket takes no more at once, and others wait meanwhile.
  private static let sliceBytes: UInt64 = 262_144

  /// What it is doing.
  package enum Activity: Equatable, Sendable {
    /// It can be sent what is new.
    case ready
    /// Its transport accepts nothing more before this.
    case blocked(on: Readiness)
    /// The history is being read for it.
    case fetching
  }

  /// What the room's ring has to do with it.
  package enum Attachment: Equatable, Sendable {
    /// The ring keeps what it has not been sent.
    case attached
    /// It reads on from the history where the ring has lost what comes next.
    case detached
    /// It reads no log any more, only what waits for it alone.
    case cut
  }

  /// What came of a delivery.
  package enum Outcome: Equatable, Sendable {
    /// It has been sent all there is.
    case upToDate
    /// It is sent nothing before an answer is complete that is being spliced in.
    case paused
    /// Its transport accepts nothing more before this.
    case blocked(on: Readiness)
    /// The ring has lost what comes next.
    case needsHistory
    /// It has had its share; there is more.
    case hasMore
    /// It has been sent its last.
    case ended
  }

  /// What was sent, for whoever counts.
  package struct Delivered: Sendable {
    package var lines: UInt64 = 0
    package var bytes: UInt64 = 0

    /// Nothing.
    package init() {}
  }

  /// Whose stream it is.
  package let peer: Peer

  /// How far the room's log has been sent: a position there.
  package private(set) var cursor: UInt64 = 0
  /// What its lines have become on the wire.
  package private(set) var encoder: WireEncoder
  /// The last byte of the log that it was sent ended no line.
  private var isMidLine = false
  /// The transport may hold what it has accepted: it is flushed before anything else.
  private var needsFlush = false
  /// What was read from the history for it, and the position of the first byte.
  package var backlog: (position: UInt64, bytes: [UInt8])?

  /// Its place among the broadcaster's members; `nil` while it is not one.
  package var memberIndex: Int?
  package var activity = Activity.ready
  package var attachment = Attachment.attached
  /// Whether the writability watch knows its descriptor.
  package var isWatched = false
  /// How much of what it was sent was counted: bytes, and lines up to this number.
  private var countedBytes: UInt64
  private var countedSequence: UInt64 = 0
  /// How fast it reads.
  package var pace = SlowReaders.Pace()

  /// Makes one that has been sent nothing; what another room has sent may still be on its way.
  package init(_ peer: Peer) {
    self.peer = peer
    encoder = WireEncoder(after: UInt64(peer.transport.unacknowledgedBytes))
    countedBytes = encoder.wireBytes
  }

  /// How many bytes have reached the peer's system. What ours has taken grows in leaps of megabytes: a slow reader
  /// would seem to stand still.
  package var deliveredBytes: UInt64 {
    let waiting = UInt64(peer.transport.unacknowledgedBytes)
    return waiting < encoder.wireBytes ? encoder.wireBytes - waiting : 0
  }

  /// It reads the log from a position on, after the line of this number.
  ///
  /// Thread: the one that appends its join, under the log's lock.
  func begin(at position: UInt64, after sequence: UInt64) {
    (cursor, countedSequence) = (position, sequence)
  }

  /// Adds what it was sent since the last time: bytes at once, lines when it has been sent the log up to `head`.
  ///
  /// - Parameter sequence: the number of the last line before `head`. It may be that of a later one, which is not counted
  ///   again then.
  func count(in delivered: inout Delivered, upTo head: UInt64, _ sequence: UInt64) {
    delivered.bytes += encoder.wireBytes - countedBytes
    countedBytes = encoder.wireBytes
    guard cursor >= head else { return }
    delivered.lines += sequence - min(sequence, countedSequence)
    countedSequence = max(sequence, countedSequence)
  }

  // MARK: Sending

  /// Sends what there is, as far as its transport accepts it.
  ///
  /// - Parameters:
  ///   - tail: before this, the ring has lost the log.
  ///   - head: how far the log may be sent.
  package func deliver(
    _ log: RoomLog, from tail: UInt64, upTo head: UInt64
  ) throws(SystemError) -> Outcome {
    if needsFlush {
      needsFlush = false
      if let readiness = try peer.transport.flush() { return .blocked(on: readiness) }
    }
    var ownBytes: UInt64 = 0
    while true {
      switch peer.nextPiece(cursor: cursor, head: head) {
      case .log(let limit):
        let end = min(limit, cursor + Self.sliceBytes)
        if let outcome = try sendLog(log, from: tail, upTo: end) { return outcome }
      case .own(let bytes, let offset):
        let sent = try bytes.span.extracting(offset...).withUnsafeBytes {
          bytes throws(SystemError) in try encoder.send(bytes, over: peer.transport)
        }
        if sent.count > 0 { peer.noteSent(sent.count) }
        if let readiness = sent.blockedOn { return .blocked(on: readiness) }
        // A client that asks as fast as it is answered has its turn again after the others.
        ownBytes += UInt64(sent.count)
        if ownBytes >= Self.sliceBytes { return .hasMore }
      case .nothing: return .upToDate
      case .paused: return .paused
      case .end: return .ended
      }
    }
  }

  /// Sends the log up to a position, or less: from the ring, or from the backlog if the ring has lost it.
  ///
  /// - Returns: `nil` if all of it was accepted, or all of the backlog.
  private func sendLog(
    _ log: RoomLog, from tail: UInt64, upTo limit: UInt64
  ) throws(SystemError) -> Outcome? {
    guard cursor < tail else {
      backlog = nil
      if attachment == .detached, log.isNearHead(cursor) {
        attachment = .attached
        pace.reattach()
      }
      return try send(log[cursor..<limit])
    }
    guard let backlog, backlog.position <= cursor else { return .needsHistory }
    let start = Int(cursor - backlog.position)
    let end = min(backlog.bytes.count, start + Int(limit - cursor))
    guard start < end else { return .needsHistory }
    return try backlog.bytes.span.extracting(start..<end).withUnsafeBytes {
      bytes throws(SystemError) in try send(bytes)
    }
  }

  private func send(_ slice: UnsafeRawBufferPointer) throws(SystemError) -> Outcome? {
    let sent = try encoder.send(slice, over: peer.transport)
    cursor += UInt64(sent.count)
    if sent.count > 0 { isMidLine = slice[sent.count - 1] != UInt8(ascii: "\n") }
    return sent.blockedOn.map { .blocked(on: $0) }
  }

  /// Sends what is new in the log if nothing else is to be done for it; anything else is left to `deliver`.
  package func sendNew(_ log: RoomLog, from tail: UInt64, upTo head: UInt64) {
    guard activity == .ready, cursor >= tail,
      case .log(let limit) = peer.nextPiece(cursor: cursor, head: head)
    else { return }
    // What fails fails again for `deliver`.
    if case .blocked? = try? send(log[cursor..<limit]) { needsFlush = true }
  }

  /// Its transport is ready again: hands on what that still holds.
  ///
  /// - Returns: what it is blocked on once more; `nil` if it can be sent more.
  package func flush() throws(SystemError) -> Readiness? {
    activity = .ready
    return try peer.transport.flush()
  }

  // MARK: Being cut off

  /// Reads no more of the log: it is sent what waits for it alone, the rest of the line that was sent in part, and
  /// these lines.
  package func cut(_ lines: [UInt8], _ log: RoomLog, from tail: UInt64) {
    peer.cut(lines, rest: restOfLine(log, from: tail))
    attachment = .cut
    if activity == .fetching { activity = .ready }
    backlog = nil
  }

  /// The bytes from the cursor through the end of the line that was sent in part.
  private func restOfLine(_ log: RoomLog, from tail: UInt64) -> [UInt8] {
    guard isMidLine else { return [] }
    let lineFeed = UInt8(ascii: "\n")
    var bytes: ArraySlice<UInt8> = []
    if cursor >= tail {
      bytes = ArraySlice(log[cursor..<min(log.published, cursor + UInt64(Limits.serverLineBytes))])
    } else if let backlog, backlog.position <= cursor {
      bytes = backlog.bytes.dropFirst(Int(cursor - backlog.position))
    }
    // Where the rest is not at hand, the line ends here.
    guard let end = bytes.firstIndex(of: lineFeed) else { return [lineFeed] }
    return Array(bytes[...end])
  }
}
