internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// Notices when the files of the running server are removed, moved or replaced: what is written to a file that
/// has no name any more is lost with the process.
///
/// Thread: confined to the history's queue.
final class HistoryWatch: @unchecked Sendable {
  // Safety: what changes is confined to the history's queue.

  private static let interval = DispatchTimeInterval.seconds(1)

  private let store: HistoryStore
  private let archivist: Archivist
  private let folder: DataFolder
  private var timer: (any DispatchSourceTimer)?

  init(_ store: HistoryStore, _ archivist: Archivist, folder: DataFolder) {
    (self.store, self.archivist, self.folder) = (store, archivist, folder)
  }

  /// Checks the files, and the clock, from now on.
  func start() {
    let timer = DispatchSource.makeTimerSource(queue: store.queue)
    timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval)
    timer.setEventHandler { [weak self] in
      self?.check()
      self?.store.followClock()
    }
    timer.activate()
    self.timer = timer
  }

  /// Ends the checks.
  func stop() {
    timer?.cancel()
    timer = nil
  }

  /// Checks the files now: what is gone is made again, with what the journal has.
  func check() {
    // On its own queue: a search may keep it waiting.
    store.indexer?.check()
    let isLocked = folder.isInPlace
    defer { checkJournal() }
    do throws(HistoryError) {
      if !isLocked {
        do throws(DataFolderError) { try folder.reclaim() } catch {
          throw HistoryError(.full, error.description)
        }
        store.log.warning("\(folder.path) was gone, or its lock: it is locked again")
      }
      store.host?.checkFileFolder()
      switch store.writer.place {
      case .there: break
      case .logGone:
        do throws(HistoryError) { try store.writer.renew() } catch {
          store.startOver()
          throw error
        }
        store.log.error(
          "the history's log is gone: a new file was made of what is open, and nothing is lost")
      case .gone:
        store.log.error(
          "the history is gone from \(folder.path): a new one begins, with what the journal has")
        _ = try store.beginAnew(
          settingAsideAs: "found",
          announcing: "The history was lost: a new one begins, with what was said last.")
      }
      store.isMisplaced = false
    } catch {
      store.isMisplaced = true
      store.handle(error)
    }
  }

  /// Makes the journal's file again if it is gone, was shortened, or the disk did not take it.
  private func checkJournal() {
    let journal = archivist.journal
    // It is taken up again once all of it is archived.
    defer { if !store.isKeeping { archivist.wake() } }
    guard !journal.isInPlace else { return }
    do throws(SystemError) { try journal.renew() } catch {
      return store.stop("the journal is gone, and can't be made again: \(error.reason)")
    }
    store.log.error(
      "the journal was removed or shortened, or the disk refused it: it was made again")
  }
}
