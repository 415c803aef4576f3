package import ChatSystem

/// A terminal with an input row at the bottom, which what is shown above it never disturbs, and a
/// status row between them.
///
/// Whatever changes the screen is one write. The row is there while somebody waits for a line in
/// `nextLine`; the terminal's mode is given back by `end`, and by every signal that ends the process.
///
/// Thread: any, where nothing else is said. No lock is held while bytes are written: whoever draws
/// has `isDrawing`, and the others wait for it, so the order on the screen is that of the calls.
package final class TerminalScreen: @unchecked Sendable {
  // Sound: `state` is guarded by `lock`; `input` is the input thread's; the rest never changes.

  private static let pasteOn = Array("\u{1B}[?2004h".utf8)
  private static let pasteOff = Array("\u{1B}[?2004l".utf8)
  /// The status row is drawn no more often.
  private static let statusInterval: Duration = .milliseconds(100)
  /// Nobody who wants to end waits longer for a terminal that takes nothing.
  private static let lastWait: Duration = .seconds(1)

  private enum Phase { case running, suspended, over }

  private struct State {
    var phase = Phase.running
    var isDrawing = false
    var editor = LineEditor()
    var completer: Completer
    /// Shown before the line; `nil` while nobody waits for one.
    var prompt: String?
    var status: String?
    /// When the status was drawn last.
    var statusTime = MonotonicTime(nanoseconds: 0)
    var isStatusDue = false
    var rows = BottomRows()
    var onReply: (@Sendable ([UInt8]) -> Void)?
  }

  /// What came from the terminal and is not taken yet.
  private struct Input {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    var unread: ArraySlice<UInt8> = []
  }

  private let mode: TerminalMode
  private let lock = Lock()
  private let isFree = Condition()
  private var state: State
  private var input = Input()

  private init(_ mode: TerminalMode, commands: [String]) {
    self.mode = mode
    let paths = PathCompletion(home: Process.variable("HOME")) { folder in
      Folder.entries(of: folder).map { .init($0.name, isFolder: $0.isFolder) }
    }
    state = State(completer: Completer(commands: commands, paths: paths))
  }

  /// Takes over the terminal that standard input and standard output are.
  ///
  /// Thread: the only one; those that start later leave the signals to this.
  /// - Parameter commands: to be completed, with their slash.
  /// - Returns: `nil` if there is none, or one that can't move a cursor.
  package static func start(commands: [String]) -> TerminalScreen? {
    guard StandardStream.input.isTerminal, StandardStream.output.isTerminal,
      let kind = Process.variable("TERM"), kind != "dumb",
      let mode = try? TerminalMode(of: .input)
    else { return nil }
    let screen = TerminalScreen(mode, commands: commands)
    TerminalSignal.block()
    do { try SystemThread.start(named: "signals") { screen.followSignals() } } catch {
      TerminalSignal.unblock()
      return nil
    }
    screen.enter()
    return screen
  }

  // MARK: Showing

  /// Writes whole lines above the input row.
  ///
  /// - Parameter lines: without control characters but LF and TAB.
  /// - Throws: `SystemError` if they can't be written.
  package func show(_ lines: String) throws(SystemError) {
    var bytes = Array(lines.utf8)
    if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    try draw(bytes)
  }

  /// Writes what draws a picture above the input row, and moves on to the next row.
  ///
  /// - Throws: `SystemError` if it can't be written.
  package func raw(_ bytes: [UInt8]) throws(SystemError) {
    try draw(bytes + [UInt8(ascii: "\n")])
  }

  /// Writes what asks the terminal something, and shows nothing; the answer is the handler's (`onReply`).
  ///
  /// - Throws: `SystemError` if it can't be written.
  package func ask(_ question: [UInt8]) throws(SystemError) { try draw(question) }

  /// How many columns it has now.
  package var columns: Int { mode.columns }

  /// Sets what the row above the input row says; `nil` takes it away.
  ///
  /// It is not drawn more often than ten times a second, but the last one always is.
  package func setStatus(_ text: String?) {
    let now = MonotonicTime.now
    let isNow = lock.withLock {
      guard text != state.status else { return false }
      state.status = text
      let left = Self.statusInterval - (now - state.statusTime)
      if text == nil || left <= .zero { return true }
      if !state.isStatusDue { TerminalSignal.raiseAlarm(after: left) }
      state.isStatusDue = true
      return false
    }
    if isNow { redraw() }
  }

  /// Notes that somebody is here, whose name can be completed.
  package func noteName(_ name: String) { lock.withLock { state.completer.note(name: name) } }

  /// Sets who is told what the terminal answers.
  ///
  /// - Parameter handler: called in the input thread, with each answer whole.
  package func onReply(_ handler: (@Sendable ([UInt8]) -> Void)?) {
    lock.withLock { state.onReply = handler }
  }

  // MARK: Reading

  /// Waits until somebody has entered a line. The row is there meanwhile, and gone afterwards.
  ///
  /// Thread: input; one at a time.
  /// - Parameters:
  ///   - prompt: shown before the line.
  ///   - keepsHistory: the line can be had again.
  /// - Returns: `nil` when somebody wants to leave, or nobody is there any more; the terminal is as
  ///   it was found then.
  package func nextLine(_ prompt: String, keepsHistory: Bool = true) -> String? {
    lock.withLock { state.editor.keepsHistory = keepsHistory }
    while true {
      while let event = lock.withLock({ state.editor.next(&input.unread) }) {
        switch event {
        case .line(let text):
          hide()
          return text
        case .end, .interrupt:
          end()
          return nil
        case .complete: complete()
        case .redraw: redraw()
        case .suspend: TerminalSignal.stopJob()
        case .bell: ring()
        case .reply(let bytes): lock.withLock { state.onReply }?(bytes)
        }
      }
      appear(prompt)
      guard read() else {
        end()
        return nil
      }
    }
  }

  /// Reads what comes, waiting for it; false at the end.
  private func read() -> Bool {
    while let patience = lock.withLock({ state.editor.patience }) {
      guard (try? StandardStream.input.waitUntilReadable(for: patience)) == false else { break }
      lock.withLock { state.editor.giveUp() }
    }
    // A terminal that can't be read is gone.
    let count = (try? StandardStream.input.read(into: &input.buffer)) ?? 0
    input.unread = input.buffer[..<count]
    return count > 0
  }

  private func appear(_ prompt: String) {
    try? draw {
      if $0.prompt == nil { self.setKeys(.raw, &$0) }
      $0.prompt = prompt
    }
  }

  /// Takes the row away; Ctrl-C is a signal until somebody waits for a line again.
  private func hide() {
    guard lock.withLock({ state.prompt != nil }) else { return }
    try? draw {
      self.setKeys(.rawWithSignals, &$0)
      $0.prompt = nil
    }
  }

  private func complete() {
    let (text, completer) = lock.withLock { (state.editor.line.before, state.completer) }
    // Folders are looked into here, where no lock is held.
    let completion = completer.complete(text)
    if !completion.isIdle {
      lock.withLock {
        state.editor.insert(completion.insertion, replacing: completion.replacedCount)
      }
    } else if completion.candidates.isEmpty {
      ring()
    } else {
      try? show(Completer.rows(completion.candidates, width: mode.columns))
    }
  }

  // MARK: Beginning and ending

  /// Gives the terminal back as it was found, and takes the row away. What is shown from now on is
  /// written as it is.
  package func end() { leave(for: .over) }

  /// Whether the terminal was given back.
  package var isOver: Bool { lock.withLock { state.phase == .over } }

  private func enter() {
    try? draw(Self.pasteOn) {
      guard $0.phase != .over else { return }
      $0.phase = .running
      self.setKeys($0.prompt == nil ? .rawWithSignals : .raw, &$0)
    }
  }

  private func leave(for phase: Phase) {
    let isLeft = lock.withLock {
      defer { if state.phase != .over { state.phase = phase } }
      return state.phase != .running
    }
    try? draw(isLeft ? [] : Self.pasteOff, until: .now + Self.lastWait)
    // Whoever comes second may be about to end the process, and does it again.
    lock.withLock { mode.set(.asFound) }
  }

  private func setKeys(_ keys: TerminalMode.Keys, _ state: inout State) {
    if state.phase == .running { mode.set(keys) }
  }

  /// Thread: the one that all signals are left to.
  private func followSignals() {
    while true {
      switch TerminalSignal.wait() {
      case .resized, .alarm: redraw()
      case .goOn: enter()
      case .stop:
        leave(for: .suspended)
        TerminalSignal.stopProcess()
        enter()
      case .ending(let number):
        end()
        TerminalSignal.endProcess(by: number)
      }
    }
  }

  // MARK: Drawing

  private func redraw() { try? draw() }

  private func ring() { try? draw([0x07]) }

  /// Changes the state, and writes something above the rows.
  ///
  /// - Parameter deadline: how long to wait for others to have drawn; then nothing is done.
  private func draw(
    _ lines: [UInt8] = [], until deadline: MonotonicTime? = nil,
    _ change: (inout State) -> Void = { _ in }
  ) throws(SystemError) {
    let bytes = lock.withLock { () -> [UInt8] in
      while state.isDrawing {
        if let deadline {
          guard isFree.wait(lock, until: deadline) else { return [] }
        } else {
          isFree.wait(lock)
        }
      }
      change(&state)
      let bytes = frame(around: lines)
      state.isDrawing = !bytes.isEmpty
      return bytes
    }
    guard !bytes.isEmpty else { return }
    defer {
      lock.withLock {
        state.isDrawing = false
        isFree.broadcast()
      }
    }
    try StandardStream.output.write(bytes)
  }

  /// The bytes that put something above the rows.
  ///
  /// Thread: whoever holds `lock`.
  private func frame(around lines: [UInt8]) -> [UInt8] {
    let width = mode.columns
    let erased = state.rows.erase(width: width)
    guard let prompt = state.prompt, state.phase == .running else {
      return Array(erased.utf8) + lines
    }
    if state.status != nil { (state.statusTime, state.isStatusDue) = (.now, false) }
    let row = InputRow(prompt: prompt, line: state.editor.line, width: width)
    let drawn = state.rows.draw(status: state.status, input: row, width: width)
    return Array(erased.utf8) + lines + Array(drawn.utf8)
  }
}
