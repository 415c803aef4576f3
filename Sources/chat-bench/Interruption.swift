import ChatSystem
import Foundation

/// Ends the subject that runs, and what it wrote, when the benchmark itself is asked to end: it would not
/// hear of that otherwise.
///
/// Thread: any.
final class Interruption: @unchecked Sendable {
  // Sound: `current` is guarded by `lock`.

  /// The one there is: one subject runs at a time.
  static let running = Interruption()

  private let lock = Lock()
  private var current: (process: pid_t, folder: URL)?

  /// From here on, signals that ask to end are waited for on a thread of its own.
  func watch() throws {
    ChatSystem.Process.block(ChatSystem.Process.endings)
    try SystemThread.start(named: "signals") {
      let signal = ChatSystem.Process.waitForSignal(ChatSystem.Process.endings)
      self.end()
      ChatSystem.Process.exit(128 + signal)
    }
  }

  /// A subject runs.
  func set(_ process: pid_t, _ folder: URL) { lock.withLock { current = (process, folder) } }

  /// Ends the subject that runs, if one does.
  func end() {
    lock.withLock {
      guard let (process, folder) = current else { return }
      kill(process, SIGKILL)
      try? FileManager.default.removeItem(at: folder)
      current = nil
    }
  }
}
