import ChatSystem
import Foundation

/// The processes that the benchmark has started and the folders that it has made: ended and removed when a signal ends
/// the benchmark.
///
/// Thread: any.
final class Interruption: Sendable {
  /// The only one.
  static let running = Interruption()

  private struct State {
    var processes: Set<pid_t> = []
    var folders: Set<URL> = []
  }

  private let state = Guarded(State())

  /// Starts the thread that waits for the signals.
  func watch() throws {
    ChatSystem.Process.block(ChatSystem.Process.endings)
    try SystemThread.start(named: "signals") {
      let signal = ChatSystem.Process.waitForSignal(ChatSystem.Process.endings)
      self.state.withLock {
        for process in $0.processes { kill(process, SIGKILL) }
        for folder in $0.folders { Self.removeAll(folder) }
        // Still under the lock, so that nothing more is started or made.
        ChatSystem.Process.exit(128 + signal)
      }
    }
  }

  // MARK: Processes

  /// Starts a process.
  func start(_ process: Foundation.Process) throws {
    // Under the lock, so that a signal misses none.
    try state.withLock {
      try process.run()
      $0.processes.insert(process.processIdentifier)
    }
  }

  /// Kills a process that was started here, and waits for its end. Does nothing for another.
  func end(_ process: Foundation.Process) {
    let id = process.processIdentifier
    guard state.withLock({ $0.processes.contains(id) }) else { return }
    if process.isRunning { kill(id, SIGKILL) }
    process.waitUntilExit()
    _ = state.withLock { $0.processes.remove(id) }
  }

  /// The processor time of all processes that were started here, in seconds.
  var processorSeconds: Double {
    state.withLock {
      let ended = LoadGenerator.usedSeconds(CInt(RUSAGE_CHILDREN.rawValue))
      return $0.processes.reduce(ended) { $0 + ProcessStatus(id: $1).processorSeconds }
    }
  }

  // MARK: Folders

  /// Makes a folder with a unique name.
  func makeFolder(in parent: URL = FileManager.default.temporaryDirectory) throws -> URL {
    let folder = parent.appendingPathComponent("chat-bench-\(UUID().uuidString)")
    try state.withLock {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      $0.folders.insert(folder)
    }
    return folder
  }

  /// Removes a folder that was made here, with all that is in it.
  func remove(_ folder: URL) {
    state.withLock {
      Self.removeAll(folder)
      $0.folders.remove(folder)
    }
  }

  private static func removeAll(_ folder: URL) {
    // A process that is being killed may still make a file.
    for _ in 0..<100 {
      try? FileManager.default.removeItem(at: folder)
      guard FileManager.default.fileExists(atPath: folder.path) else { return }
      SystemThread.sleep(for: .milliseconds(10))
    }
  }
}
