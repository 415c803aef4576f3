internal import ChatCore
internal import ChatFiles
internal import ChatHistory
internal import ChatSystem
internal import Dispatch

/// Looks after the files that were uploaded: notices lost ones, and removes what is no longer needed.
///
/// Thread: any.
final class FileUpkeep: @unchecked Sendable {
  // Safety: nothing changes after the initializer. Dispatch's timers are thread-safe, and only stored here.

  /// How often abandoned uploads are removed.
  private static let sweepInterval = DispatchTimeInterval.seconds(600)
  /// How often it is checked whether the files are still there.
  private static let watchInterval = DispatchTimeInterval.seconds(1)

  private let files: FileShelf
  private let log: EventLog
  private let notify: @Sendable ([UInt8]) -> Void
  private let uploads: TusUploads
  private let cleaning = DispatchQueue(label: "files", qos: .utility)
  private let watching = DispatchQueue(label: "files-watch", qos: .utility)
  private var timers: [any DispatchSourceTimer] = []

  /// - Parameter notify: sends a line to everyone.
  init(
    _ files: FileShelf, _ uploads: TusUploads, log: EventLog,
    notify: @escaping @Sendable ([UInt8]) -> Void
  ) {
    (self.files, self.uploads, self.log, self.notify) = (files, uploads, log, notify)
  }

  private static func timer(
    on queue: DispatchQueue, every interval: DispatchTimeInterval,
    _ work: @escaping @Sendable () -> Void
  ) -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + interval, repeating: interval)
    timer.setEventHandler(handler: work)
    timer.activate()
    return timer
  }

  /// Announces the files that the history knows, and then starts the work that goes on by itself. To be called once,
  /// before the first client comes.
  func restore(from history: HistoryQueries, in folder: DataFolder) {
    let isComplete = history.files { files.announce($0) }
    // A history that was set aside may know files that this one does not.
    let wasSetAside = Folder.entries(of: folder.path).contains {
      $0.name.bytes.starts(with: "history.damaged-".utf8)
        || $0.name.bytes.starts(with: "history.found-".utf8)
    }
    // What was being announced, or removed, when the last server was killed.
    if isComplete, !wasSetAside { files.removeUnannounced() }
    files.trim()
    timers = [
      Self.timer(on: cleaning, every: Self.sweepInterval) { [files] in
        files.removeStalePartials()
      },
      Self.timer(on: watching, every: Self.watchInterval) { [weak self, files, uploads] in
        self?.report(files.dropMissing())
        uploads.prune()
      },
    ]
  }

  /// Removes the files of a room that has expired. Large ones take time, so this does not wait for it.
  func removeRoom(_ room: String) { cleaning.async { self.files.removeRoom(room) } }

  /// Recreates the folder if it was removed or moved.
  func checkFolder() {
    guard let loss = files.reopenIfGone() else { return }
    log.warning("the folder of the files, or one in it, was gone: it is made anew")
    report(loss)
  }

  private func report(_ loss: FileLoss) {
    guard loss.lost > 0 else { return }
    log.error("files that were sent are gone: \(loss.lost) of \(loss.total)")
    let text = "Files that were sent before are gone: \(loss.lost) of \(loss.total)."
    notify(ControlLine.notice(text).encoded())
  }
}
