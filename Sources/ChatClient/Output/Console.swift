internal import ChatClientModel
internal import ChatSystem
internal import ChatTerminal

/// The client's standard output and standard error, or the terminal that both are.
final class Console: ClientOutput {
  /// The terminal with the input row, if a person types at one.
  let terminal: TerminalScreen?
  /// The terminal that has a row for the status: `terminal`, or one that no person types at.
  private let statusTerminal: TerminalScreen?
  private let pictures: Pictures?

  /// Takes over the terminal, if it is to and there is one.
  ///
  /// Thread: main, before others are started.
  /// - Parameters:
  ///   - isTyped: a person types at the terminal that displays everything.
  ///   - hasStatus: no person types, and transfers have a row where there is a terminal.
  ///   - showsImages: saved images are drawn.
  init(isTyped: Bool, hasStatus: Bool, showsImages: Bool) {
    terminal = isTyped ? TerminalScreen.start(commands: TypedLine.commands) : nil
    let statusTerminal =
      hasStatus && StandardStream.error.isTerminal
      ? TerminalScreen.displaying(on: StandardStream.output.isTerminal ? .output : .error) : nil
    let row = statusTerminal ?? terminal
    self.statusTerminal = row
    pictures =
      showsImages
      ? Pictures(on: terminal) { lines in
        do throws(SystemError) { try Self.write(lines, beside: row) } catch {
          StandardStream.error.writeIfPossible(
            "chat-client: standard output: \(error.reason)\n")
        }
      } : nil
  }

  /// Gives the terminal back as it was found, at the end: without a status.
  func finish() { statusTerminal?.finish() }

  func display(_ lines: String) throws(ClientExit) {
    do throws(SystemError) { try Self.write(lines, beside: statusTerminal) } catch {
      complain("standard output: \(error.reason)")
      throw .lost
    }
  }

  func advise(_ text: String) { writeError("\(text)\n") }

  func complain(_ reason: String) { writeError("chat-client: \(reason)\n") }

  func drawPicture(_ path: FilePath) { pictures?.draw(path) }

  func noteName(_ name: String) { terminal?.noteName(name) }

  var hasStatusRow: Bool { statusTerminal != nil }

  func setStatus(_ text: String?) { statusTerminal?.setStatus(text) }

  /// Writes to standard output, which may be a file though the status is on a terminal.
  private static func write(
    _ lines: String, beside row: TerminalScreen?
  ) throws(SystemError) {
    if let row, StandardStream.output.isTerminal {
      try row.display(lines)
    } else {
      try StandardStream.output.write(Array(lines.utf8))
    }
  }

  /// Writes to standard error, which may be the terminal where a person types.
  private func writeError(_ lines: String) {
    guard let statusTerminal, StandardStream.error.isTerminal,
      (try? statusTerminal.display(lines)) != nil
    else { return StandardStream.error.writeIfPossible(lines) }
  }
}
