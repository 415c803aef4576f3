package import ChatSystem

/// A terminal with an input row at the bottom, which what is shown above it never disturbs, and a
/// status row between them.
///
/// Whatever changes the screen is written at once. The row is there while somebody waits for a line in
/// `nextLine`; the terminal's mode is given back by `end`, and by every signal that ends the process.
///
/// Thread: any, where nothing else is said. No lock is held while bytes are written: whoever draws
/// has `isDrawing`. Who shows something waits for it, so the order on the screen is that of the calls;
/// who only wants the rows drawn again leaves that to it.
package final class TerminalScreen: @unchecked Sendable {
  // Sound: `state` is guarded by `lock`; `input` is the input thread's; the rest never changes.

  private static let pasteOff = Array("\u{1B}[?2004l".utf8)
  /// The status row is drawn no more often.
  private static let statusInterval: Duration = .milliseconds(100)
  /// Nobody who wants to end waits longer for a terminal that takes nothing,
  private static let lastWait: Duration = .seconds(1)
  /// and for a drawing that was told to stop, and a few bytes.
  private static let shortWait: Duration = .milliseconds(300)
  /// An answer that has not come by then is typed by somebody.
  private static let questionTime: Duration = .seconds(10)
  /// How long one who wants to end waits for the rest of an answer.
  private static let answerWait: Duration = .milliseconds(500)

  /// What came from the terminal and is not taken yet.
  private struct Input {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    var unread: ArraySlice<UInt8> = []
  }

  private let mode: TerminalMode
  private let output: TerminalOutput
  /// Whether somebody types here, and the signals are ours.
  private let takesKeys: Bool
  private let lock = Lock()
  private let isFree = Condition()
  private var state: ScreenState
  private var input = Input()

  private init(_ mode: TerminalMode, output: StandardStream, commands: [String]?) {
    self.mode = mode
    self.output = TerminalOutput(of: output)
    takesKeys = commands != nil
    let paths = PathCompletion(
      home: Process.homeFolder.map { UndecodedByte.text(of: $0.bytes) }
    ) { folder in
      Folder.entries(of: FilePath(UndecodedByte.bytes(of: folder))).map {
        .init(UndecodedByte.text(of: $0.name.bytes), isFolder: $0.isFolder)
      }
    }
    state = ScreenState(completer: Completer(commands: commands ?? [], paths: paths))
  }

  /// Takes over the terminal that standard input and standard output are.
  ///
  /// Thread: the only one; those that start later leave the signals to this.
  /// - Parameter commands: to be completed, with their slash.
  /// - Returns: `nil` if there is none, or one that can't move a cursor.
  package static func start(commands: [String]) -> TerminalScreen? {
    guard StandardStream.input.isTerminal, StandardStream.output.isTerminal, movesCursor,
      let mode = try? TerminalMode(of: .input)
    else { return nil }
    let screen = TerminalScreen(mode, output: .output, commands: commands)
    TerminalSignal.block()
    do { try SystemThread.start(named: "signals") { screen.followSignals() } } catch {
      TerminalSignal.unblock()
      return nil
    }
    screen.enter()
    return screen
  }

  /// Uses a terminal for what is shown alone: the status is the last row, and nobody types.
  ///
  /// - Returns: `nil` if the stream is none, or one that can't move a cursor.
  package static func showing(on stream: StandardStream) -> TerminalScreen? {
    guard stream.isTerminal, movesCursor, let mode = try? TerminalMode(of: stream) else {
      return nil
    }
    let screen = TerminalScreen(mode, output: stream, commands: nil)
    screen.state.phase = .over
    return screen
  }

  private static var movesCursor: Bool { Process.variable("TERM").map { $0 != "dumb" } ?? false }

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
    try draw(bytes + [UInt8(ascii: "\n")], isPicture: true)
  }

  /// Writes what asks the terminal something, and shows nothing; the answer is the handler's (`onReply`).
  ///
  /// Where nobody waits for a line nobody would read the answer, and the shell would get it.
  ///
  /// - Parameter question: the device attributes (DA1) are the last that it asks for.
  /// - Returns: whether it was asked.
  /// - Throws: `SystemError` if it can't be written.
  package func ask(_ question: [UInt8]) throws(SystemError) -> Bool {
    var isAsked = false
    try draw(question) {
      isAsked = $0.prompt != nil && $0.phase == .running
      if isAsked { $0.questionEnd = .now + Self.questionTime }
      return isAsked
    }
    return isAsked
  }

  /// How many columns it has now.
  package var columns: Int { mode.columns }

  /// Sets what the row above the input row says; `nil` takes it away. Where nobody types any more it is
  /// the last row.
  ///
  /// It is not drawn more often than ten times a second, but the last one always is.
  package func setStatus(_ text: String?) {
    let now = MonotonicTime.now
    let isNow = lock.withLock {
      guard text != state.status, !state.isLast else { return false }
      state.status = text
      let left = Self.statusInterval - (now - state.statusTime)
      if text == nil || left <= .zero { return true }
      if !state.isStatusDue, takesKeys { TerminalSignal.raiseAlarm(after: left) }
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
  /// - Returns: its bytes; `nil` when somebody wants to leave, or nobody is there any more; the terminal is as
  ///   it was found then.
  package func nextLine(_ prompt: String, keepsHistory: Bool = true) -> [UInt8]? {
    lock.withLock {
      while state.isReading { isFree.wait(lock) }
      state.isReading = true
      state.editor.keepsHistory = keepsHistory
    }
    defer { stopReading() }
    while true {
      while let event = nextEvent() {
        switch event {
        case .line(let text):
          hide()
          return UndecodedByte.bytes(of: text)
        case .end, .interrupt:
          stopReading()
          end()
          return nil
        case .complete: complete()
        case .redraw: redraw()
        case .suspend: TerminalSignal.stopJob()
        case .bell: ring()
        case .reply(let bytes):
          lock.withLock { state.onReply }?(bytes)
          if Self.isLastAnswer(bytes) { closeQuestion() }
        }
      }
      appear(prompt)
      guard read() else {
        stopReading()
        end()
        return nil
      }
    }
  }

  private func nextEvent() -> LineEditor.Event? {
    lock.withLock {
      state.editor.expectsReply = state.isQuestionOpen
      return state.editor.next(&input.unread)
    }
  }

  private func stopReading() {
    lock.withLock {
      state.isReading = false
      isFree.broadcast()
    }
  }

  private func closeQuestion() {
    lock.withLock {
      state.questionEnd = nil
      isFree.broadcast()
    }
  }

  /// Whether this is what the device attributes (DA1) are answered with: `ESC [ ? … c`.
  private static func isLastAnswer(_ reply: [UInt8]) -> Bool {
    reply.starts(with: Array("\u{1B}[?".utf8)) && reply.last == UInt8(ascii: "c")
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
    redraw {
      if $0.prompt == nil { self.setKeys(.raw, &$0) }
      $0.prompt = prompt
    }
  }

  /// Takes the row away; Ctrl-C is a signal until somebody waits for a line again.
  private func hide() {
    guard lock.withLock({ state.prompt != nil }) else { return }
    redraw {
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

  /// Ends, and takes the status away for good.
  package func finish() {
    lock.withLock { (state.status, state.isLast) = (nil, true) }
    end()
  }

  /// Whether the terminal was given back.
  package var isOver: Bool { lock.withLock { state.phase == .over } }

  private func enter() {
    redraw(isPatient: false) {
      guard $0.phase != .over else { return }
      $0.phase = .running
      $0.isPasteDue = true
      self.setKeys($0.prompt == nil ? .rawWithSignals : .raw, &$0)
    }
  }

  private func leave(for phase: ScreenState.Phase) {
    let isLeft = lock.withLock {
      defer { if state.phase != .over { state.phase = phase } }
      return state.phase != .running
    }
    let last = isLeft ? [] : Self.pasteOff
    var isDone = (try? draw(last, until: .now + Self.lastWait)) ?? false
    if !isDone, cutPicture() { isDone = (try? draw(last, until: .now + Self.shortWait)) ?? false }
    guard takesKeys else { return }
    if !isDone { output.writeIfReady(Array(ScreenState.stringEnd.utf8) + Self.pasteOff) }
    if lock.withLock({ state.isQuestionOpen }) {
      awaitAnswer()
      mode.discardInput()
      closeQuestion()
    }
    // Whoever comes second may be about to end the process, and does it again.
    lock.withLock { mode.set(.asFound) }
  }

  /// Tells whoever draws a picture to stop; false if nobody does.
  private func cutPicture() -> Bool {
    lock.withLock {
      guard state.isDrawing, state.isPicture else { return false }
      state.isCut = true
      return true
    }
  }

  /// Waits for the end of the terminal's answer, which is not for the shell; reads it if nobody else
  /// does.
  private func awaitAnswer() {
    let deadline = MonotonicTime.now + Self.answerWait
    let isOurs = lock.withLock {
      while state.isQuestionOpen, state.isReading {
        guard isFree.wait(lock, until: deadline) else { return false }
      }
      guard state.isQuestionOpen else { return false }
      state.isReading = true
      return true
    }
    guard isOurs else { return }
    defer { stopReading() }
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

  private func setKeys(_ keys: TerminalMode.Keys, _ state: inout ScreenState) {
    if state.phase == .running { mode.set(keys) }
  }

  /// Thread: the one that all signals are left to. It never waits for a drawing, but for one that has
  /// to be over before the end.
  private func followSignals() {
    while true {
      switch TerminalSignal.wait() {
      case .resized, .alarm: redraw(isPatient: false)
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

  // MARK: Drawing

  private func ring() { redraw { $0.isBellDue = true } }

  /// Changes the state, and draws the rows; while others draw, that is left to them.
  ///
  /// - Parameter isPatient: waits for a terminal that takes nothing now; otherwise it is left to
  ///   whoever draws next.
  private func redraw(isPatient: Bool = true, _ change: (inout ScreenState) -> Void = { _ in }) {
    let isReady = isPatient || output.isReady
    let bytes = lock.withLock { () -> [UInt8] in
      change(&state)
      state.isRedrawDue = true
      return isReady && !state.isDrawing ? begin([]) : []
    }
    // A terminal that is gone has nobody to look at it.
    _ = try? write(bytes, until: isPatient ? nil : .now + Self.shortWait)
  }

  /// Changes the state, and writes something above the rows.
  ///
  /// - Parameters:
  ///   - isPicture: it may be cut.
  ///   - deadline: how long to wait for others to have drawn, and for the terminal.
  ///   - change: returns whether to write at all.
  /// - Returns: false if something was not written in time.
  @discardableResult
  private func draw(
    _ lines: [UInt8] = [], isPicture: Bool = false, until deadline: MonotonicTime? = nil,
    _ change: (inout ScreenState) -> Bool = { _ in true }
  ) throws(SystemError) -> Bool {
    let bytes = lock.withLock { () -> [UInt8]? in
      while state.isDrawing {
        if let deadline {
          guard isFree.wait(lock, until: deadline) else { return nil }
        } else {
          isFree.wait(lock)
        }
      }
      return change(&state) ? begin(lines, isPicture: isPicture) : []
    }
    guard let bytes else { return false }
    return try write(bytes, until: deadline)
  }

  /// Begins to draw: what is to be written now.
  ///
  /// Thread: whoever holds `lock`, while nobody draws.
  private func begin(_ lines: [UInt8], isPicture: Bool = false) -> [UInt8] {
    let bytes = state.frame(around: lines, columns: mode.columns, rows: mode.rows)
    (state.isDrawing, state.isPicture, state.isCut) = (!bytes.isEmpty, isPicture, false)
    return bytes
  }

  /// Writes what was begun, and draws what others wanted meanwhile.
  private func write(
    _ bytes: [UInt8], until deadline: MonotonicTime?
  ) throws(SystemError) -> Bool {
    guard !bytes.isEmpty else { return true }
    var isWhole = false
    defer {
      let isDue = lock.withLock {
        state.isDrawing = false
        if !isWhole { state.wasCut = true }
        isFree.broadcast()
        return isWhole && state.isRedrawDue
      }
      if isDue { redraw(isPatient: deadline == nil) }
    }
    isWhole = try output.write(bytes) {
      deadline.map { .now < $0 } ?? true && !lock.withLock { state.isCut }
    }
    return isWhole
  }
}
