/// A client's mailbox: the lines for it alone, each merged into its room's log at the position where it arose. Pure.
///
/// It holds nothing of the log. Given a cursor, `next` says what to send: the log up to some position, a piece of the
/// client's own, or the end.
///
/// A long answer, such as a history query's, comes piece by piece: `pause` stops the log at one position, `splice` adds
/// lines there, and `resume` lets the log go on.
package struct Outbox: Sendable {
  /// The most bytes that may wait here; a single line is accepted whatever its size.
  package static let capacity = 262_144

  /// What to send next.
  package enum Piece: Sendable, Equatable {
    /// The log's bytes from the cursor up to this position.
    case log(upTo: UInt64)
    /// The bytes from this offset on.
    case own([UInt8], from: Int)
    /// Nothing for now.
    case nothing
    /// Nothing before the answer is complete that is being spliced in.
    case paused
    /// Nothing ever again.
    case end
  }

  /// What came of enqueueing lines.
  package enum Enqueueing: Sendable, Equatable {
    /// It is in the client's stream, and is sent before the client's end.
    case queued
    /// Too much waits for the client; nothing changed.
    case full
    /// The client is in no room: not yet, or it has left, or was cut off. It will never be sent.
    case absent
  }

  /// How far the client has come: it decides what can be sent to it.
  private enum Phase: Sendable {
    /// It has not been in a room.
    case outside
    /// It is sent a room's log.
    case inRoom
    /// It goes to another room, which sends what is enqueued meanwhile; it is sent this one's log up to a position.
    case moving(end: UInt64)
    /// It leaves: it is sent the log up to a position, and what waits here.
    case leaving(end: UInt64)
    /// It is sent what waits here, and no more of the log.
    case cut
  }

  private struct Entry {
    let position: UInt64
    var bytes: [UInt8]
    /// Nothing after this is sent before the answer is complete that is being spliced in here.
    var isBarrier = false
  }

  /// Oldest first; those before `first` are done.
  private var entries: [Entry] = []
  private var first = 0
  /// How much of the first entry has been sent.
  private var sentBytes = 0
  private var phase = Phase.outside
  /// What was enqueued between two rooms.
  private var carried: [UInt8] = []

  /// How many bytes wait here.
  package private(set) var queuedBytes = 0
  /// How many of them wait for the answer that is being spliced in.
  private var pausedBytes = 0
  /// A file is being spliced in whose end has not come yet: no line can follow.
  package private(set) var isMidFile = false

  /// Makes an empty outbox.
  package init() {}

  /// Whether so many bytes may be enqueued. Behind a long answer, what is sent before does not count: a client that reads
  /// the answer slowly can be sent other lines all the same.
  package func hasRoom(for count: Int) -> Bool {
    let waiting = barrierIndex == nil ? queuedBytes : pausedBytes
    return waiting == 0 || waiting + count <= Self.capacity
  }

  /// Whether so many bytes of a long answer may be spliced in. What waits behind it is sent later, and does not count.
  package func hasRoomToSplice(_ count: Int) -> Bool {
    let before = queuedBytes - pausedBytes
    return before == 0 || before + count <= Self.capacity
  }

  /// Enqueues whole lines, to be sent when the log has been sent up to `position`; between two rooms, where the next one
  /// begins.
  ///
  /// Positions never fall from one call to the next.
  package mutating func enqueue(_ bytes: [UInt8], at position: UInt64) -> Enqueueing {
    switch phase {
    case .outside, .leaving, .cut: return .absent
    case .inRoom:
      guard hasRoom(for: bytes.count) else { return .full }
      append(bytes, at: position)
    case .moving:
      guard hasRoom(for: bytes.count) else { return .full }
      queuedBytes += bytes.count
      carried.append(contentsOf: bytes)
    }
    return .queued
  }

  private mutating func append(_ bytes: [UInt8], at position: UInt64) {
    guard !bytes.isEmpty else { return }
    queuedBytes += bytes.count
    if barrierIndex != nil { pausedBytes += bytes.count }
    if let last = entries.indices.last, last >= first, entries[last].position == position,
      !entries[last].isBarrier
    {
      entries[last].bytes.append(contentsOf: bytes)
    } else {
      entries.append(Entry(position: position, bytes: bytes))
    }
  }

  /// Sends nothing beyond `position`, where lines will be spliced in, until `resume`.
  package mutating func pause(at position: UInt64) {
    guard case .inRoom = phase else { return }
    entries.append(Entry(position: position, bytes: [], isBarrier: true))
  }

  /// Splices bytes in where the log is paused.
  ///
  /// - Parameter isWhole: whether a line may follow them: not before the end of a file.
  package mutating func splice(_ bytes: [UInt8], isWhole: Bool = true) -> Enqueueing {
    guard case .inRoom = phase, let barrier = barrierIndex else { return .absent }
    guard hasRoomToSplice(bytes.count) else { return .full }
    isMidFile = !isWhole
    queuedBytes += bytes.count
    entries.insert(Entry(position: entries[barrier].position, bytes: bytes), at: barrier)
    return .queued
  }

  /// The answer that was spliced in is complete: the log goes on.
  package mutating func resume() {
    guard let barrier = barrierIndex else { return }
    entries.remove(at: barrier)
    pausedBytes = 0
    compact()
  }

  private var barrierIndex: Int? { entries[first...].firstIndex { $0.isBarrier } }

  /// The client goes to another room: it is sent this one's log up to `position`, then the end.
  package mutating func move(at position: UInt64) {
    guard case .inRoom = phase else { return }
    phase = .moving(end: position)
  }

  /// The client has joined a room, at a position of its log: it is sent these lines, then what was enqueued meanwhile.
  package mutating func begin(_ bytes: [UInt8], at position: UInt64) {
    switch phase {
    case .leaving, .cut: return
    case .outside, .inRoom, .moving:
      let all = bytes + carried
      self = Outbox()
      phase = .inRoom
      append(all, at: position)
    }
  }

  /// The client leaves: it is sent the log up to `position`, then these lines, then the end. One that is on its way to
  /// another room is sent its old one's log to its end instead, and what was enqueued meanwhile before these lines.
  package mutating func finish(_ bytes: [UInt8], at position: UInt64) {
    switch phase {
    case .leaving, .cut: return
    case .outside, .inRoom:
      append(bytes, at: position)
      phase = .leaving(end: position)
    case .moving(let end):
      append(takeCarried() + bytes, at: end)
      phase = .leaving(end: end)
    }
  }

  /// The client is sent nothing more of the log: only what waits here, since its senders have receipts, and these bytes;
  /// in the middle of a file, whose bytes they would seem to be, nothing at all.
  ///
  /// - Parameters:
  ///   - bytes: last lines.
  ///   - rest: of the log's line that was sent in part, through its LF; empty if none was.
  package mutating func cut(_ bytes: [UInt8], rest: [UInt8]) {
    if case .cut = phase { return }
    guard !isMidFile else {
      _ = close()
      return
    }
    // Of the first entry a part may have been sent; then the log does not stand within a line.
    let waiting = entries[first...].flatMap(\.bytes).dropFirst(sentBytes)
    let last = (sentBytes > 0 ? [] : rest) + waiting + close() + bytes
    append(last, at: 0)
  }

  /// The client is sent nothing more from here.
  ///
  /// - Returns: what was enqueued between two rooms, and no room has sent.
  package mutating func close() -> [UInt8] {
    let rest = takeCarried()
    self = Outbox()
    phase = .cut
    return rest
  }

  private mutating func takeCarried() -> [UInt8] {
    defer { carried = [] }
    queuedBytes -= carried.count
    return carried
  }

  /// What comes next for a client whose cursor stands at `cursor`, in a log that ends at `head`.
  package func next(cursor: UInt64, head: UInt64) -> Piece {
    let limit: UInt64
    if first < entries.count {
      let entry = entries[first]
      if entry.position <= cursor {
        if entry.isBarrier { return .paused }
        return .own(entry.bytes, from: sentBytes)
      }
      limit = min(entry.position, head)
    } else {
      switch phase {
      case .cut: return .end
      case .outside, .inRoom: limit = head
      case .moving(let end), .leaving(let end):
        if cursor >= end { return .end }
        limit = min(end, head)
      }
    }
    // The head may be older than what was enqueued: what is enqueued later wakes the broadcaster again.
    return cursor < limit ? .log(upTo: limit) : .nothing
  }

  /// So many bytes of the piece of its own were sent.
  package mutating func sent(_ count: Int) {
    // Nothing is here any more where the connection was given up meanwhile.
    guard first < entries.count else { return }
    sentBytes += count
    queuedBytes -= count
    guard sentBytes == entries[first].bytes.count else { return }
    sentBytes = 0
    first += 1
    compact()
  }

  /// Removes entries that are done.
  private mutating func compact() {
    if first == entries.count {
      entries = []
      first = 0
    } else if first >= 64 {
      entries.removeFirst(first)
      first = 0
    }
  }
}
