internal import ChatSystem
internal import ChatTerminal

/// Shows images once they are saved: in a terminal that says that it can, in words elsewhere.
///
/// The terminal is asked when the first image has come. Drawing takes its time, and has a thread of its own.
///
/// Thread: any.
final class Pictures: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How long a terminal may take to say what it can.
  private static let patience: Duration = .seconds(1)
  /// So many images may wait; of a crowd of them, the others are only saved.
  private static let mostWaiting = 8

  private let terminal: TerminalScreen?
  private let worker = TransferWorker()
  private let lock = Lock()
  private let answered = Condition()
  private var capabilities = PictureCapabilities()
  private var hasAsked = false
  private var waiting = 0

  /// Shows them on a person's terminal.
  ///
  /// - Parameter terminal: `nil` for one that is told everything in words.
  init(on terminal: TerminalScreen?) { self.terminal = terminal }

  /// Shows a file that has been saved, if it is an image.
  func show(_ path: FilePath) {
    let isIn = lock.withLock {
      guard waiting < Self.mostWaiting else { return false }
      waiting += 1
      return true
    }
    guard isIn else { return }
    worker.run {
      self.draw(path)
      self.lock.withLock { self.waiting -= 1 }
    }
  }

  // MARK: The worker's thread

  private func draw(_ path: FilePath) {
    // Only what is an image has the terminal asked.
    guard
      let plain = Picture.drawing(
        path: path, capabilities: PictureCapabilities(ways: []), columns: 80, tool: nil)
    else { return }
    let drawing = terminal.flatMap { terminal in
      Picture.drawing(
        path: path, capabilities: ask(terminal), columns: terminal.columns,
        tool: PictureTool.installed)
    }
    switch drawing ?? plain {
    case .bytes(let bytes):
      // What can't be written is no loss: the file is there.
      try? terminal?.raw(bytes)
    case .words(let words): try? Screen.show("* \(words)\n")
    }
  }

  /// What the terminal can do, asked once, while somebody is there to read what it answers.
  private func ask(_ terminal: TerminalScreen) -> PictureCapabilities {
    let kind = Process.variable("TERM") ?? ""
    // The system's console shows what it does not know.
    if !lock.withLock({ hasAsked }), kind != "linux" {
      terminal.onReply { reply in
        self.lock.withLock {
          self.capabilities.note(reply: reply)
          self.answered.broadcast()
        }
      }
      let isMultiplexed = ["TMUX", "STY"].contains { Process.variable($0) != nil }
      let question = PictureCapabilities.question(kind: kind, isMultiplexed: isMultiplexed)
      let isAsked = (try? terminal.ask(question)) ?? false
      let deadline = MonotonicTime.now + Self.patience
      lock.withLock {
        hasAsked = isAsked
        while isAsked, !capabilities.isComplete, answered.wait(lock, until: deadline) {}
      }
    }
    return lock.withLock { capabilities }
  }
}
