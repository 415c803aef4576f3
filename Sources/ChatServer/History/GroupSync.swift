internal import ChatHistory
internal import ChatSystem
internal import Dispatch
internal import Synchronization

/// Publishes lines once they are on the disk: `--durable`.
///
/// While the disk is waited for, rooms append more; so what is published together grows with the load, and each group
/// takes one msync(2).
///
/// Thread: any.
final class GroupSync: Sendable {
  private struct Waiting {
    /// Rooms that said something.
    var rooms: [RoomJournal] = []
    /// A group is on its way.
    var isScheduled = false
  }

  private let journal: Journal
  private let store: HistoryStore
  private let queue: DispatchQueue
  private let waiting = Guarded(Waiting())

  /// Publishes lines of a journal.
  ///
  /// - Parameter queue: where the disk is waited for; serial.
  init(_ journal: Journal, _ store: HistoryStore, queue: DispatchQueue) {
    (self.journal, self.store, self.queue) = (journal, store, queue)
  }

  /// Has a room's new lines synced, and then published.
  func wake(for room: RoomJournal) {
    let wasAwaiting = room.isAwaitingSync.exchange(true, ordering: .acquiringAndReleasing)
    guard !wasAwaiting else { return }
    let wasScheduled = waiting.withLock { waiting in
      waiting.rooms.append(room)
      defer { waiting.isScheduled = true }
      return waiting.isScheduled
    }
    if !wasScheduled { queue.async { self.sync() } }
  }

  private func sync() {
    let rooms = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting.rooms
    }
    let heads = rooms.map { room in
      // An exchange, not a store: it sees everything that the thread appended whose flag it clears.
      _ = room.isAwaitingSync.exchange(false, ordering: .acquiringAndReleasing)
      return room.head
    }
    do throws(SystemError) { if store.isKeeping { try journal.sync() } } catch {
      // The rooms go on, and are told that what they say is not safe; `HistoryWatch` makes the file again.
      store.stop("the journal can't be written to the disk: \(error.reason)")
    }
    for (room, head) in zip(rooms, heads) { room.publish(upTo: head) }
  }
}
