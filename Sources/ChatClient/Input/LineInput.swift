internal import ChatCore
internal import ChatSystem
internal import ChatTerminal

/// The lines of standard input, or of the person at the terminal with the input row.
final class LineInput: ClientInput, @unchecked Sendable {
  // Safety: confined to the main thread until the input thread starts, to that one from then on. `terminal` never
  // changes and is thread-safe.

  /// Limit: longer lines are not meant to be sent.
  private static let longestLine = 1_048_576
  /// The byte order mark, which some editors put before a text (The Unicode Standard, 23.8).
  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private let terminal: TerminalScreen?
  private let questions: StandardStream
  private let output: any ClientOutput
  /// Whether a person types or pastes the lines: each may begin with a mark, which is invisible.
  private let isTyped: Bool
  private var isAtStart = true
  private var framer = LineFramer(limit: longestLine)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var waiting: [[UInt8]] = []
  private var isAtEnd = false
  private(set) var hasLost = false

  /// - Parameters:
  ///   - terminal: where lines are typed; `nil` for standard input.
  ///   - questions: where a person without such a terminal is asked.
  ///   - output: where a line that is too long is reported.
  init(
    terminal: TerminalScreen?, isTyped: Bool, questions: StandardStream,
    output: any ClientOutput
  ) {
    (self.terminal, self.isTyped) = (terminal, isTyped)
    (self.questions, self.output) = (questions, output)
  }

  func answer(to question: String) -> [UInt8]? {
    if let terminal {
      return terminal.nextLine(question, keepsHistory: false).map { unmarked($0) }
    }
    if isTyped { questions.writeIfPossible(question) }
    guard waiting.isEmpty else { return waiting.removeFirst() }
    guard var lines = nextLines() else { return nil }
    defer { waiting = lines }
    return lines.removeFirst()
  }

  func nextLines() -> [[UInt8]]? {
    if let terminal {
      return terminal.nextLine("> ").map { [unmarked($0)] }
    }
    var lines = waiting
    waiting = []
    while lines.isEmpty, !isAtEnd {
      // An input that can't be read has ended.
      let count = (try? StandardStream.input.read(into: &buffer)) ?? 0
      isAtEnd = count == 0
      let take = { (frame: borrowing LineFrame) in
        switch frame {
        case .line(let line): lines.append(self.unmarked(Array(copying: line)))
        case .tooLong:
          self.hasLost = true
          self.output.complain("a line is too long")
        // No line of this input announces any.
        case .bytes: break
        case .bytesEnd: break
        }
      }
      if isAtEnd {
        framer.finish(take)
      } else {
        let chunk = buffer
        framer.feed(chunk.span.extracting(0..<count), take)
      }
    }
    return lines.isEmpty ? nil : lines
  }

  func close() { terminal?.end() }

  /// A line without the mark before it: the first line's, or that of any line that is typed.
  private func unmarked(_ line: [UInt8]) -> [UInt8] {
    defer { isAtStart = false }
    guard isTyped || isAtStart, line.starts(with: Self.mark) else { return line }
    return Array(line.dropFirst(Self.mark.count))
  }
}

extension [UInt8] {
  /// The bytes of a view.
  init(copying bytes: Span<UInt8>) {
    // Safety: the pointer is used inside the closure alone, and the array copies what it points to.
    self = bytes.withUnsafeBufferPointer { Array($0) }
  }
}
