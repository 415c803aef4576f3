package import ChatSystem

/// A terminal with an input row at the bottom, which the lines above it never disturb, and a status row between them.
///
/// Each change is written at once. The input row is there while `nextLine` waits; `end`, and every signal that ends the
/// process, give the terminal back as it was found.
///
/// Thread: any, unless stated otherwise.
package final class TerminalScreen: Sendable {
  /// The status row is not drawn more often.
  private static let statusInterval: Duration = .milliseconds(100)
  /// The terminal answers within this time; what comes later was typed.
  private static let questionTime: Duration = .seconds(10)

  private let writer: ScreenWriter
  private let lease: TerminalLease
  private let reader: LineReader
  /// Whether a person types here.
  private let takesKeys: Bool

  /// - Parameter commands: `nil` if nobody types here.
  private init(_ mode: TerminalMode, output: StandardStream, commands: [String]?) {
    let paths = PathCompletion(
      home: Process.homeFolder.map { UndecodedByte.text(of: $0.bytes) }
    ) { folder in
      Folder.entries(of: FilePath(UndecodedByte.bytes(of: folder))).map {
        .init(UndecodedByte.text(of: $0.name.bytes), isFolder: $0.isFolder)
      }
    }
    var state = ScreenState(completer: Completer(commands: commands ?? [], paths: paths))
    if commands == nil { state.phase = .over }
    takesKeys = commands != nil
    writer = ScreenWriter(mode, output: output, state: state)
    lease = TerminalLease(writer, takesKeys: takesKeys)
    reader = LineReader(writer, lease)
  }

  /// Takes over the terminal that standard input and standard output are.
  ///
  /// Thread: the only one; threads started later leave the signals to this object.
  /// - Parameter commands: to be completed, with their slash.
  /// - Returns: `nil` if there is no terminal, or one that cannot move a cursor.
  package static func start(commands: [String]) -> TerminalScreen? {
    guard StandardStream.input.isTerminal, StandardStream.output.isTerminal, movesCursor,
      let mode = try? TerminalMode(of: .input)
    else { return nil }
    let screen = TerminalScreen(mode, output: .output, commands: commands)
    TerminalSignal.block()
    do { try SystemThread.start(named: "signals") { screen.lease.followSignals() } } catch {
      TerminalSignal.unblock()
      return nil
    }
    screen.lease.enter()
    return screen
  }

  /// Uses a terminal for output alone: the status is the last row, and nobody types.
  ///
  /// - Returns: `nil` if the stream is no terminal, or one that cannot move a cursor.
  package static func displaying(on stream: StandardStream) -> TerminalScreen? {
    guard stream.isTerminal, movesCursor, let mode = try? TerminalMode(of: stream) else {
      return nil
    }
    return TerminalScreen(mode, output: stream, commands: nil)
  }

  private static var movesCursor: Bool { Process.variable("TERM").map { $0 != "dumb" } ?? false }

  // MARK: Showing

  /// Writes whole lines above the input row.
  ///
  /// - Parameter lines: without control characters but LF and TAB.
  /// - Throws: `SystemError` if they cannot be written.
  package func display(_ lines: String) throws(SystemError) {
    try writer.draw(ScreenState.lines(lines))
  }

  /// Writes a picture's bytes above the input row, and moves on to the next row.
  ///
  /// - Throws: `SystemError` if they cannot be written.
  package func raw(_ bytes: [UInt8]) throws(SystemError) {
    try writer.draw(bytes + [UInt8(ascii: "\n")], isPicture: true)
  }

  /// Writes a question to the terminal, which shows nothing; the answer goes to the handler (`onReply`).
  ///
  /// It is not asked unless `nextLine` waits: nobody else would read the answer, and the shell would get it.
  ///
  /// - Parameter question: the device attributes (DA1) are the last that it asks for.
  /// - Returns: whether it was asked.
  /// - Throws: `SystemError` if it cannot be written.
  package func ask(_ question: [UInt8]) throws(SystemError) -> Bool {
    var isAsked = false
    try writer.draw(question) {
      isAsked = $0.prompt != nil && $0.phase == .running
      if isAsked { $0.questionEnd = .now + Self.questionTime }
      return isAsked
    }
    return isAsked
  }

  /// How many columns the terminal has now.
  package var columns: Int { writer.mode.columns }

  /// Sets the text of the row above the input row; `nil` removes it. Where nobody types any more it is the last row.
  ///
  /// It is drawn ten times a second at most, but the last text always is.
  package func setStatus(_ text: String?) {
    let now = MonotonicTime.now
    let isNow = writer.state.withLock { state in
      guard text != state.status, !state.isLast else { return false }
      state.status = text
      let left = Self.statusInterval - (now - state.statusTime)
      if text == nil || left <= .zero { return true }
      if !state.isStatusDue, takesKeys { TerminalSignal.raiseAlarm(after: left) }
      state.isStatusDue = true
      return false
    }
    if isNow { writer.redraw() }
  }

  /// Adds a name that can be completed.
  package func noteName(_ name: String) {
    writer.state.withLock { $0.completer.note(name: name) }
  }

  /// Sets the handler of the terminal's answers.
  ///
  /// - Parameter handler: called in the input thread, with each answer whole.
  package func onReply(_ handler: (@Sendable ([UInt8]) -> Void)?) {
    writer.state.withLock { $0.onReply = handler }
  }

  // MARK: Reading

  /// Waits until a line is entered. The input row is there meanwhile, and removed afterwards.
  ///
  /// Thread: input; one at a time.
  /// - Parameters:
  ///   - prompt: shown before the line.
  ///   - keepsHistory: whether the line can be recalled.
  /// - Returns: the line's bytes; `nil` when the person wants to leave, or the terminal is gone: it was given back then.
  package func nextLine(_ prompt: String, keepsHistory: Bool = true) -> [UInt8]? {
    reader.nextLine(prompt, keepsHistory: keepsHistory)
  }

  // MARK: The end

  /// Gives the terminal back as it was found, and removes the row. What is shown afterwards is written as it is.
  package func end() { lease.end() }

  /// Ends, and removes the status for good.
  package func finish() { lease.finish() }

  /// Whether the terminal was given back.
  package var isOver: Bool { writer.state.withLock { $0.phase == .over } }
}
