internal import ChatPictures
internal import ChatSystem
internal import ChatTerminal

/// Draws images once they are saved: in a terminal that can display them, in words elsewhere.
///
/// The terminal is asked what it can do when the first image has come. Drawing has a thread of its own.
///
/// Thread: any.
final class Pictures: Sendable {
  /// How long a terminal may take to say what it can do.
  private static let patience: Duration = .seconds(1)
  /// More images don't wait: they are only saved.
  private static let mostWaiting = 8

  private struct State {
    var capabilities = PictureCapabilities()
    var hasAsked = false
    var waiting = 0
  }

  private let terminal: TerminalScreen?
  private let display: @Sendable (String) -> Void
  private let worker = PictureWorker()
  private let state = Guarded(State())

  /// - Parameters:
  ///   - terminal: `nil` to describe all images in words.
  ///   - display: displays a line of words, with its LF.
  init(on terminal: TerminalScreen?, display: @escaping @Sendable (String) -> Void) {
    (self.terminal, self.display) = (terminal, display)
  }

  /// Draws a file that has been saved, if it is an image.
  func draw(_ path: FilePath) {
    let isAccepted = state.withLock { state in
      guard state.waiting < Self.mostWaiting else { return false }
      state.waiting += 1
      return true
    }
    guard isAccepted else { return }
    worker.run {
      self.drawNow(path)
      self.state.withLock { $0.waiting -= 1 }
    }
  }

  // MARK: The worker's thread

  private func drawNow(_ path: FilePath) {
    // The terminal is asked only if there is an image to draw.
    guard
      let plain = Picture.drawing(
        path: path, capabilities: PictureCapabilities(ways: []), columns: 80, tool: nil)
    else { return }
    let drawing = terminal.flatMap { terminal in
      Picture.drawing(
        path: path, capabilities: capabilities(of: terminal), columns: terminal.columns,
        tool: PictureTool.installed)
    }
    switch drawing ?? plain {
    case .bytes(let bytes):
      // What can't be written is no loss: the file is there.
      try? terminal?.raw(bytes)
    case .words(let words): display("* \(words)\n")
    }
  }

  /// What the terminal can do, asked once, while there is a reader for its answer.
  private func capabilities(of terminal: TerminalScreen) -> PictureCapabilities {
    let kind = Process.variable("TERM") ?? ""
    // The system's console displays questions that it does not know.
    if !state.withLock({ $0.hasAsked }), kind != "linux" {
      terminal.onReply { reply in
        self.state.withLock { $0.capabilities.note(reply: reply) }
        self.state.wake()
      }
      let isMultiplexed = ["TMUX", "STY"].contains { Process.variable($0) != nil }
      let question = PictureCapabilities.question(kind: kind, isMultiplexed: isMultiplexed)
      let isAsked = (try? terminal.ask(question)) ?? false
      state.withLock { $0.hasAsked = isAsked }
      if isAsked {
        _ = state.wait(until: .now + Self.patience) { $0.capabilities.isComplete ? true : nil }
      }
    }
    return state.withLock { $0.capabilities }
  }
}
