internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Synchronization

/// One room's way into the journal.
///
/// Thread: any.
final class RoomJournal: Sendable {
  private let room: JournalRoom
  private let log: RoomLog
  private let history: History
  private let wakeReaders: @Sendable () -> Void
  /// It is on the list of those that wait for the disk. See `GroupSync`.
  let isAwaitingSync = Atomic<Bool>(false)

  /// Puts a room's lines into the journal of a history.
  ///
  /// - Parameter wakeReaders: has the readers sent what was published.
  init(
    _ name: RoomName, log: RoomLog, history: History, wakeReaders: @escaping @Sendable () -> Void
  ) {
    room = JournalRoom(name.text)
    (self.log, self.history, self.wakeReaders) = (log, history, wakeReaders)
  }

  /// What is to be appended for some lines, made before the log's lock is taken.
  func entry(_ bytes: [UInt8], lines: Int, announcing file: SharedFile?) -> JournalEntry {
    JournalEntry(
      bytes, lineCount: lines, in: room, at: history.wallMilliseconds, announcing: file)
  }

  /// Appends it, given where the lines come to lie. Called under the log's lock.
  ///
  /// - Returns: false if there is no space: call again a little later.
  func append(_ entry: JournalEntry, _ mark: RoomLog.Mark) -> Bool {
    history.journal.append(
      entry, firstSequence: mark.sequence + 1 - UInt64(entry.lineCount), roomPosition: mark.start)
  }

  /// Has the readers sent what was appended: at once, or when it is on the disk.
  func publishSoon() {
    if let groupSync = history.groupSync { groupSync.wake(for: self) } else { wakeReaders() }
  }

  /// The position after the last line.
  var head: UInt64 { log.head }

  /// What is before this position is on the disk.
  func publish(upTo position: UInt64) {
    log.publish(upTo: position)
    wakeReaders()
  }
}
