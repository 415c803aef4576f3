internal import ChatSystem

/// Writes to the screen: one thread at a time, and with no lock held.
///
/// A thread that shows something waits until the one before it has finished, so the order on the screen is the order of
/// the calls. A thread that only wants the rows redrawn leaves that to the one that is drawing.
///
/// Thread: any.
final class ScreenWriter: Sendable {
  /// How long an impatient redraw waits for the terminal.
  static let shortWait: Duration = .milliseconds(300)

  let mode: TerminalMode
  let state: Guarded<ScreenState>
  private let output: TerminalOutput

  init(_ mode: TerminalMode, output: StandardStream, state: consuming sending ScreenState) {
    self.mode = mode
    self.output = TerminalOutput(of: output)
    self.state = Guarded(state)
  }

  /// Changes the state, and wakes the threads that wait for it.
  func update(_ change: (inout ScreenState) -> Void) {
    state.withLock { change(&$0) }
    state.wake()
  }

  /// Changes the state and draws the rows. If another thread is drawing, that thread draws them.
  ///
  /// - Parameter isPatient: whether to wait for a terminal that takes nothing now. If not, the rows are left to the next
  ///   thread that draws.
  func redraw(isPatient: Bool = true, _ change: (inout ScreenState) -> Void = { _ in }) {
    let isReady = isPatient || output.isReady
    let bytes = state.withLock { state -> [UInt8] in
      change(&state)
      state.isRedrawDue = true
      return isReady && !state.isDrawing ? begin(&state, []) : []
    }
    // Nobody looks at a terminal that is gone.
    _ = try? write(bytes, until: isPatient ? nil : .now + Self.shortWait)
  }

  /// Changes the state and writes something above the rows.
  ///
  /// - Parameters:
  ///   - isPicture: whether it may be cut off (`ScreenState.isCut`).
  ///   - deadline: how long to wait for other threads that draw, and for the terminal.
  ///   - change: returns whether to write at all.
  /// - Returns: false if something was not written in time.
  @discardableResult
  func draw(
    _ lines: [UInt8] = [], isPicture: Bool = false, until deadline: MonotonicTime? = nil,
    _ change: (inout ScreenState) -> Bool = { _ in true }
  ) throws(SystemError) -> Bool {
    func start(_ state: inout ScreenState) -> [UInt8]? {
      guard !state.isDrawing else { return nil }
      return change(&state) ? begin(&state, lines, isPicture: isPicture) : []
    }
    let bytes =
      if let deadline {
        state.wait(until: deadline) { start(&$0) }
      } else {
        state.wait { start(&$0) }
      }
    guard let bytes else { return false }
    return try write(bytes, until: deadline)
  }

  /// Writes a few bytes if the terminal takes them at once, whoever is drawing.
  func writeIfReady(_ bytes: [UInt8]) { output.writeIfReady(bytes) }

  /// Begins to draw, and returns what to write.
  ///
  /// Thread: the one that holds the state, while nobody draws.
  private func begin(
    _ state: inout ScreenState, _ lines: [UInt8], isPicture: Bool = false
  ) -> [UInt8] {
    let bytes = state.frame(around: lines, columns: mode.columns, rows: mode.rows)
    (state.isDrawing, state.isPicture, state.isCut) = (!bytes.isEmpty, isPicture, false)
    return bytes
  }

  /// Writes what was begun, then what became due meanwhile.
  private func write(
    _ bytes: [UInt8], until deadline: MonotonicTime?
  ) throws(SystemError) -> Bool {
    guard !bytes.isEmpty else { return true }
    var isWhole = false
    defer {
      let isDue = state.withLock { state in
        state.isDrawing = false
        if !isWhole { state.wasCut = true }
        return isWhole && state.isRedrawDue
      }
      state.wake()
      if isDue { redraw(isPatient: deadline == nil) }
    }
    isWhole = try output.write(bytes) {
      deadline.map { .now < $0 } ?? true && !state.withLock { $0.isCut }
    }
    return isWhole
  }
}
