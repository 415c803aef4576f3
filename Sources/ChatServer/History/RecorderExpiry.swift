internal import ChatCore
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// How private rooms end: some time after the last has left, they and their history are gone.
///
/// Thread: the recorder's queue, but for `expireRooms`.
extension Recorder {
  /// A clock that is set by less than so many milliseconds is merely steered.
  private static let noticedStep: UInt64 = 1_000
  /// How many groups of an expired room are deleted at once: others wait meanwhile.
  private static let deletedGroups = 64

  /// Forgets private rooms that nobody has been in for so long, from now on.
  func expireRooms(after age: Duration) {
    let ageMilliseconds = Int64(age / .milliseconds(1))
    let seconds = max(1, min(60, Int(age / .seconds(1)) / 4))
    queue.sync {
      let timer = DispatchSource.makeTimerSource(queue: queue)
      timer.schedule(deadline: .now() + .seconds(1), repeating: .seconds(seconds))
      timer.setEventHandler { [weak self] in
        guard let self else { return }
        followClock()
        sweep(before: steadyClock.milliseconds(at: clock()) - ageMilliseconds)
      }
      timer.activate()
      self.timer = timer
    }
  }

  /// Somebody may have set the clock: what is stored moves with it, since a new start has only the time of day to go
  /// by, and may come at any moment.
  func followClock() {
    let step = steadyClock.step(at: clock())
    guard step.magnitude >= Self.noticedStep else { return }
    do throws(HistoryError) {
      try writer.moveEmptied(by: step)
      steadyClock.follow(step)
      log.info(
        "the system's clock was set by \(step / 1_000) s; private rooms live as long as before")
    } catch {
      handle(error)
    }
  }

  private func sweep(before time: Int64) {
    do throws(HistoryError) {
      let expired = try writer.expiredRooms(before: time, limit: 100)
      guard !expired.isEmpty else { return }
      let inUse = Set(openRooms().map(\.name.text))
      for room in expired where !expiring.contains(room.name) {
        if inUse.contains(room.name) {
          // That somebody came could not be written then.
          try writer.setEmptied(room.id, at: nil)
          continue
        }
        expiring.insert(room.name)
        log.info("the private room \(room.name) has expired")
        noteExpired(room.name)
        forget(room, key(room.id))
      }
    } catch {
      handle(error)
    }
  }

  /// Deletes an expired room: its words first, for once its lines are gone, nobody knows which they were.
  private func forget(_ room: StoredRoom, _ key: Int64) {
    guard let indexer else { return delete(room, key) }
    indexer.forget(room.id, while: { self.id(key) != nil }) {
      self.queue.async { self.delete(room, key) }
    }
  }

  private func delete(_ room: StoredRoom, _ key: Int64) {
    guard id(key) != nil else { return }
    do throws(HistoryError) {
      if try writer.delete(room.id, limit: Self.deletedGroups) {
        expiring.remove(room.name)
      } else {
        queue.async { self.delete(room, key) }
      }
    } catch {
      // It is still there, and expired: the next sweep finds it.
      expiring.remove(room.name)
      handle(error)
    }
  }
}
