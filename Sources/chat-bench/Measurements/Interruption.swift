import ChatSystem
import Foundation

/// Ends the processes that run, and removes what they wrote, when the benchmark itself is asked to end: they
/// would not hear of that otherwise.
///
/// Thread: any.
final class Interruption: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`.

  /// The one there is.
  static let running = Interruption()

  private let lock = Lock()
  private var processes: Set<pid_t> = []
  private var folders: Set<URL> = []

  /// From here on, signals that ask to end are waited for on a thread of its own.
  func watch() throws {
    ChatSystem.Process.block(ChatSystem.Process.endings)
    try SystemThread.start(named: "signals") {
      let signal = ChatSystem.Process.waitForSignal(ChatSystem.Process.endings)
      // The lock is not given back: nothing is started or made any more.
      self.lock.withLock {
        for process in self.processes { kill(process, SIGKILL) }
        for folder in self.folders { Self.removeAll(folder) }
        ChatSystem.Process.exit(128 + signal)
      }
    }
  }

  // MARK: Processes

  /// Starts a process.
  func start(_ process: Foundation.Process) throws {
    try lock.withLock {
      try process.run()
      processes.insert(process.processIdentifier)
    }
  }

  /// Ends a process that was started here, and waits for its end. One that did not start has none.
  func end(_ process: Foundation.Process) {
    let id = process.processIdentifier
    guard lock.withLock({ processes.contains(id) }) else { return }
    if process.isRunning { kill(id, SIGKILL) }
    process.waitUntilExit()
    _ = lock.withLock { processes.remove(id) }
  }

  /// Processor time that all processes have used that were started here, in seconds.
  var processorSeconds: Double {
    lock.withLock {
      let ended = LoadGenerator.usedSeconds(CInt(RUSAGE_CHILDREN.rawValue))
      return processes.reduce(ended) { $0 + ProcessStatus(id: $1).processorSeconds }
    }
  }

  // MARK: Folders

  /// Makes a folder of a name of its own.
  func makeFolder(in parent: URL = FileManager.default.temporaryDirectory) throws -> URL {
    let folder = parent.appendingPathComponent("chat-bench-\(UUID().uuidString)")
    try lock.withLock {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      folders.insert(folder)
    }
    return folder
  }

  /// Removes a folder that was made here, with all that is in it.
  func remove(_ folder: URL) {
    lock.withLock {
      Self.removeAll(folder)
      folders.remove(folder)
    }
  }

  private static func removeAll(_ folder: URL) {
    // A process that is just being killed may still make a file.
    for _ in 0..<100 {
      try? FileManager.default.removeItem(at: folder)
      guard FileManager.default.fileExists(atPath: folder.path) else { return }
      SystemThread.sleep(for: .milliseconds(10))
    }
  }
}
