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

  private let store: HistoryStore
  /// The rooms that are being deleted, and their keys: in another file they are not.
  private var expiring: [String: Int64] = [:]
  private var timer: (any DispatchSourceTimer)?

  init(_ store: HistoryStore) { self.store = store }

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

  /// Whether a room is being deleted.
  func contains(_ name: String) -> Bool {
    expiring[name].map { store.id($0) != nil } ?? false
  }

  private func sweep(before time: Int64) {
    do throws(HistoryError) {
      let expired = try store.writer.expiredRooms(before: time, limit: Self.roomsAtOnce)
      guard !expired.isEmpty else { return }
      let inUse = Set((store.host?.openRooms ?? []).map(\.name.text))
      for room in expired where !contains(room.name) {
        if inUse.contains(room.name) {
          // That it was entered could not be written.
          try store.writer.setEmptied(room.id, at: nil)
          continue
        }
        let key = store.key(room.id)
        expiring[room.name] = key
        store.log.info("the private room \(room.name) has expired")
        store.host?.removeExpiredRoom(room.name)
        forget(room, key)
      }
    } catch {
      store.handle(error)
    }
  }

  /// Deletes an expired room: its words first, since its lines tell which they are.
  private func forget(_ room: StoredRoom, _ key: Int64) {
    guard let indexer = store.indexer else { return delete(room, key) }
    indexer.forget(room.id, while: { [store] in store.id(key) != nil }) { [self] in
      store.queue.async { self.delete(room, key) }
    }
  }

  private func delete(_ room: StoredRoom, _ key: Int64) {
    guard store.id(key) != nil else {
      if expiring[room.name] == key { expiring[room.name] = nil }
      return
    }
    do throws(HistoryError) {
      if try store.writer.delete(room.id, limit: Self.groupsAtOnce) {
        expiring[room.name] = nil
      } else {
        store.queue.async { self.delete(room, key) }
      }
    } catch {
      // It is still there, and expired: the next sweep finds it.
      expiring[room.name] = nil
      store.handle(error)
    }
  }
}
