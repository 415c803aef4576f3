internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// Deletes private rooms, and their history, some time after the last has left.
///
/// Thread: confined to the history's queue.
final class RoomExpiry: @unchecked Sendable {
  // Safety: what changes is confined to the history's queue.

  /// How many expired rooms are looked for at once.
  private static let roomsAtOnce = 100
  /// How many groups of an expired room are deleted at once: others wait meanwhile.
  private static let groupsAtOnce = 64
  private static let retryInterval: DispatchTimeInterval = .seconds(1)

  private let store: HistoryStore
  private let archivist: Archivist
  /// The rooms that are being deleted.
  private var expiring: Set<String> = []
  private var timer: (any DispatchSourceTimer)?

  init(_ store: HistoryStore, _ archivist: Archivist) {
    (self.store, self.archivist) = (store, archivist)
  }

  /// Deletes rooms that have been empty for so long, from now on.
  func start(after age: Duration) {
    let ageMilliseconds = Int64(age / .milliseconds(1))
    let seconds = max(1, min(60, Int(age / .seconds(1)) / 4))
    let timer = DispatchSource.makeTimerSource(queue: store.queue)
    timer.schedule(deadline: .now() + .seconds(1), repeating: .seconds(seconds))
    timer.setEventHandler { [weak self] in
      guard let self else { return }
      store.followClock()
      sweep(before: store.milliseconds(at: store.clock()) - ageMilliseconds)
    }
    timer.activate()
    self.timer = timer
  }

  /// Ends the sweeps.
  func stop() {
    timer?.cancel()
    timer = nil
  }

  private func sweep(before time: Int64) {
    do throws(HistoryError) {
      guard try !store.writer.expiredRooms(before: time, limit: 1).isEmpty else { return }
      // What is in the journal may tell that the room was entered, or left again.
      guard archivist.archiveAll(), let host = store.host else { return }
      let rooms = try store.writer.expiredRooms(before: time, limit: Self.roomsAtOnce)
        .filter { !expiring.contains($0.name) }
      // Only what is freed can be erased from the journal.
      if !rooms.isEmpty { try archivist.finish() }
      for room in rooms {
        guard host.beginExpiry(of: room.name) else { continue }
        store.log.info("the private room \(room.name) has expired")
        expiring.insert(room.name)
        archivist.erase(room.name)
        forget(room, in: store.generation)
      }
    } catch {
      store.handle(error)
    }
  }

  /// Deletes an expired room: its words first, since its lines tell which they are.
  private func forget(_ room: StoredRoom, in generation: Int) {
    guard let indexer = store.indexer else { return delete(room, in: generation) }
    indexer.forget(room.id, while: { [store] in store.generation == generation }) { [self] in
      store.queue.async { self.delete(room, in: generation) }
    }
  }

  private func delete(_ room: StoredRoom, in generation: Int) {
    guard !store.hasEnded else { return }
    // In another file its number is another room's.
    guard store.generation == generation else { return end(room) }
    do throws(HistoryError) {
      if try store.writer.delete(room.id, limit: Self.groupsAtOnce) {
        end(room)
      } else {
        store.queue.async { self.delete(room, in: generation) }
      }
    } catch {
      store.handle(error)
      store.queue.asyncAfter(deadline: .now() + Self.retryInterval) { [weak self] in
        self?.delete(room, in: generation)
      }
    }
  }

  private func end(_ room: StoredRoom) {
    expiring.remove(room.name)
    store.host?.endExpiry(of: room.name)
  }
}
