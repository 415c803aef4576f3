internal import ChatSystem

/// Takes over the terminal's mode, and gives it back as it was found: at the end, and at every signal that ends or
/// suspends the process.
///
/// Thread: any.
final class TerminalLease: Sendable {
  private static let pasteOff = Array("\u{1B}[?2004l".utf8)
  /// How long the end waits for a terminal that takes nothing.
  private static let lastWait: Duration = .seconds(1)
  /// How long the end waits for the rest of a terminal's answer.
  private static let answerWait: Duration = .milliseconds(500)

  private let writer: ScreenWriter
  /// Whether a person types here, and the signals are this object's.
  private let takesKeys: Bool

  init(_ writer: ScreenWriter, takesKeys: Bool) {
    (self.writer, self.takesKeys) = (writer, takesKeys)
  }

  /// Takes the terminal over, for the first time or after a suspension.
  func enter() {
    writer.redraw(isPatient: false) {
      guard $0.phase != .over else { return }
      $0.phase = .running
      $0.isPasteDue = true
      self.setKeys($0.prompt == nil ? .rawWithSignals : .raw, &$0)
    }
  }

  /// Gives the terminal back, and removes the input row. What is shown afterwards is written as it is.
  func end() { leave(for: .over) }

  /// Gives the terminal back, and removes the status for good.
  func finish() {
    writer.state.withLock { ($0.status, $0.isLast) = (nil, true) }
    end()
  }

  /// Sets the terminal's mode, unless it was given back.
  func setKeys(_ keys: TerminalMode.Keys, _ state: inout ScreenState) {
    if state.phase == .running { writer.mode.set(keys) }
  }

  /// Handles the signals. It never waits for another thread that draws, unless that has to finish before the end.
  ///
  /// Thread: the one that all signals are left to.
  func followSignals() {
    while true {
      switch TerminalSignal.wait() {
      case .resized, .alarm: writer.redraw(isPatient: false)
      case .goOn: enter()
      case .stop:
        leave(for: .suspended)
        TerminalSignal.stopProcess()
        enter()
      case .ending(let number):
        finish()
        TerminalSignal.endProcess(by: number)
      }
    }
  }

  private func leave(for phase: ScreenState.Phase) {
    let isLeft = writer.state.withLock { state in
      defer { if state.phase != .over { state.phase = phase } }
      return state.phase != .running
    }
    let last = isLeft ? [] : Self.pasteOff
    var isDone = (try? writer.draw(last, until: .now + Self.lastWait)) ?? false
    if !isDone, cutPicture() {
      isDone = (try? writer.draw(last, until: .now + ScreenWriter.shortWait)) ?? false
    }
    guard takesKeys else { return }
    if !isDone { writer.writeIfReady(Array(ScreenState.stringEnd.utf8) + Self.pasteOff) }
    if writer.state.withLock({ $0.isQuestionOpen }) {
      awaitAnswer()
      writer.mode.discardInput()
      writer.update { $0.questionEnd = nil }
    }
    // A second thread that gets here may be about to end the process: it sets the mode again.
    writer.state.withLock { _ in writer.mode.set(.asFound) }
  }

  /// Has the thread that draws a picture stop; false if none does.
  private func cutPicture() -> Bool {
    writer.state.withLock { state in
      guard state.isDrawing, state.isPicture else { return false }
      state.isCut = true
      return true
    }
  }

  /// Waits for the end of the terminal's answer, which must not reach the shell, and reads it if no other thread does.
  private func awaitAnswer() {
    let deadline = MonotonicTime.now + Self.answerWait
    let isOurs = writer.state.wait(until: deadline) { state -> Bool? in
      guard state.isQuestionOpen else { return false }
      guard !state.isReading else { return nil }
      state.isReading = true
      return true
    }
    guard isOurs == true else { return }
    defer { writer.update { $0.isReading = false } }
    var replies = TerminalReplies()
    var buffer = [UInt8](repeating: 0, count: 1_024)
    while case let left = deadline - .now, left > .zero,
      (try? StandardStream.input.waitUntilReadable(for: left)) == true,
      case let count = (try? StandardStream.input.read(into: &buffer)) ?? 0, count > 0
    {
      for byte in buffer[..<count] {
        let reply = replies.take(byte)
        if case .control(let text, UInt8(ascii: "c")) = reply, text.hasPrefix("?") { return }
      }
    }
  }
}
