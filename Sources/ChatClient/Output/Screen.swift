internal import ChatClientModel
internal import ChatSystem
internal import ChatTerminal

/// The client's standard output and standard error, or the terminal that both are.
///
/// Thread: any; each call is one write.
enum Screen {
  /// Where the terminal is kept.
  private final class Place: @unchecked Sendable {
    // Sound: guarded by `lock`.
    private let lock = Lock()
    private var terminal: TerminalScreen?
    private var statusRow: TerminalScreen?

    var current: TerminalScreen? {
      get { lock.withLock { terminal } }
      set { lock.withLock { terminal = newValue } }
    }

    var status: TerminalScreen? {
      get { lock.withLock { statusRow ?? terminal } }
      set { lock.withLock { statusRow = newValue } }
    }
  }

  private static let place = Place()

  /// The terminal with the input row, if there is one.
  static var terminal: TerminalScreen? { place.current }

  /// Takes over the terminal, if there is one.
  ///
  /// Thread: main, before others are started.
  static func takeTerminal() { place.current = TerminalScreen.start(commands: TypedLine.commands) }

  /// Takes a row of the terminal for the status, if there is one to be written to and nobody types.
  ///
  /// Thread: main, before others are started.
  static func takeStatusRow() {
    guard StandardStream.error.isTerminal else { return }
    place.status = .showing(on: StandardStream.output.isTerminal ? .output : .error)
  }

  /// Gives the terminal back as it was found, at the end: without a status.
  static func finish() { place.status?.finish() }

  /// Gives the terminal back as it was found: from now on nobody types. Safe to do twice.
  static func releaseTerminal() { terminal?.end() }

  /// Writes whole lines to standard output.
  ///
  /// - Throws: `ClientExit.lost` if they can't be written, and says so: what is lost is no success.
  static func show(_ lines: String) throws(ClientExit) {
    do {
      // Standard output may be a file, and the status on the terminal all the same.
      if let row = place.status, StandardStream.output.isTerminal {
        try row.show(lines)
      } else {
        try StandardStream.output.write(Array(lines.utf8))
      }
    } catch {
      complain("standard output: \(error.reason)")
      throw .lost
    }
  }

  /// Writes what a person asked for to standard error, where standard output is a program's.
  static func advise(_ text: String) { writeError("\(text)\n") }

  /// Writes a line to standard error.
  static func complain(_ reason: String) { writeError("chat-client: \(reason)\n") }

  /// Notes that somebody is here, whose name can be completed.
  static func noteName(_ name: String) { terminal?.noteName(name) }

  /// Shows how far something is in a row of its own; `nil` where there is no such row.
  static var showStatus: (@Sendable (String?) -> Void)? {
    place.status.map { row in { @Sendable in row.setStatus($0) } }
  }

  /// Writes to standard error, which may be the terminal where somebody types.
  private static func writeError(_ lines: String) {
    guard let row = place.status, StandardStream.error.isTerminal, (try? row.show(lines)) != nil
    else { return StandardStream.error.writeIfPossible(lines) }
  }
}

extension TypedLine {
  /// The commands, as `/help` lists them, and itself.
  fileprivate static var commands: [String] {
    let words = help.split(separator: "\n").compactMap { $0.split(separator: " ").first }
    return ["/help"] + words.filter { $0.hasPrefix("/") && !$0.hasPrefix("//") }.map(String.init)
  }
}
