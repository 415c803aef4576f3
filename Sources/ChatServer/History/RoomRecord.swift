internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Synchronization

/// A room's key in the history: its number in the present file, and which file that is; 0 before it has one.
///
/// Thread: any reads; the recorder writes.
final class RoomKey: Sendable {
  private let stored: Atomic<Int64>

  /// Makes a key.
  init(_ value: Int64) { stored = Atomic(value) }

  /// The key now.
  var value: Int64 { stored.load(ordering: .acquiring) }

  /// Sets the key. Thread: the recorder's queue.
  func set(_ value: Int64) { stored.store(value, ordering: .releasing) }
}

/// A room as the recorder sees it: the log it follows, and how far it has come there.
///
/// Thread: any, but for what is confined to the recorder's queue.
final class RoomRecord: @unchecked Sendable {
  // Safety: `publishedSequence` and `times` are confined to the recorder's queue; the rest is constant or thread-safe.

  let name: RoomName
  let log: RoomLog
  let key: RoomKey
  /// Has the readers sent what was published.
  private let wakeReaders: @Sendable () -> Void

  /// The recorder was woken for lines that it has not looked at.
  let isAwaitingRecord = Atomic<Bool>(false)

  /// The number of the last line published. Confined to the recorder's queue.
  private(set) var publishedSequence: UInt64
  /// When the last lines were committed. Confined to the recorder's queue.
  var times = LineTimes()

  /// The files that lines announce which are not published yet, oldest first.
  private let files = Guarded<[SharedFile]>([])
  private let hasFiles = Atomic<Bool>(false)

  /// Describes a room.
  ///
  /// - Parameters:
  ///   - start: how far it came before.
  ///   - wakeReaders: called when lines were published. Thread: the recorder's queue.
  init(
    _ name: RoomName, log: RoomLog, key: RoomKey, start: RoomStart,
    wakeReaders: @escaping @Sendable () -> Void
  ) {
    self.name = name
    self.log = log
    self.key = key
    self.wakeReaders = wakeReaders
    publishedSequence = start.sequence
  }

  /// Whether the room is a private one.
  var isPrivate: Bool { name.kind == .private }

  /// Adds a file that a line announces, which is being appended to the log.
  func add(_ file: SharedFile) {
    files.withLock { $0.append(file) }
    // The log's head, which is stored next with release order, publishes this to the recorder.
    hasFiles.store(true, ordering: .relaxed)
  }

  /// The files that the lines of these numbers announce.
  func files(of lines: ClosedRange<UInt64>) -> [SharedFile] {
    guard hasFiles.load(ordering: .relaxed) else { return [] }
    return files.withLock { $0.filter { lines.contains($0.sequence) } }
  }

  /// Publishes lines that were committed, or can't be. Thread: the recorder's queue.
  func publish(through sequence: UInt64, upTo position: UInt64) {
    publishedSequence = sequence
    log.publish(upTo: position)
    guard hasFiles.load(ordering: .relaxed) else { return }
    files.withLock {
      $0.removeAll { $0.sequence <= sequence }
      if $0.isEmpty { hasFiles.store(false, ordering: .relaxed) }
    }
  }

  /// Has the readers sent what was published. Thread: the recorder's queue.
  func wakeBroadcaster() { wakeReaders() }
}

/// When a room's last lines were committed, to the second. Pure.
package struct LineTimes: Sendable {
  /// How many moments are remembered.
  package static let limit = 1_024
  /// Lines of one second have one time.
  private static let resolution: Int64 = 1_000

  private var entries: [(sequence: UInt64, milliseconds: Int64)] = []

  /// No line was committed yet.
  package init() {}

  /// Notes that lines from this number on were committed at a time: milliseconds since 1970, UTC.
  package mutating func note(_ sequence: UInt64, _ milliseconds: Int64) {
    if let last = entries.last, (milliseconds - last.milliseconds).magnitude < Self.resolution {
      return
    }
    if entries.count >= Self.limit { entries.removeFirst(Self.limit / 2) }
    entries.append((sequence, milliseconds))
  }

  /// When a line was committed, or the first one that is remembered, if that came later; `nil` if none is.
  package func time(of sequence: UInt64) -> Int64? {
    (entries.last { $0.sequence <= sequence } ?? entries.first)?.milliseconds
  }
}
