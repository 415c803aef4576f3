internal import ChatCore
internal import ChatSystem
internal import ChatTerminal

/// The lines of standard input, or of the person at the terminal with the input row.
///
/// Thread: one at a time.
final class LineInput: @unchecked Sendable {
  // Sound: the main thread uses it until the input thread starts, which does from then on.

  /// Longer ones are no lines that anybody meant to send.
  private static let longestLine = 1_048_576
  /// The byte order mark, which some editors put before a text (The Unicode Standard, 23.8).
  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Whether a person types or pastes the lines: each may begin with a mark, as nobody sees it.
  private let isTyped: Bool
  private var isAtStart = true
  private var framer = LineFramer(limit: longestLine)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var waiting: [[UInt8]] = []
  private var isAtEnd = false
  /// A line was too long to be sent.
  private(set) var hasLost = false

  init(isTyped: Bool) { self.isTyped = isTyped }

  /// The next line, without its LF; `nil` at the end.
  ///
  /// - Parameter prompt: where somebody can be asked.
  func next(_ prompt: String) -> [UInt8]? {
    if let terminal = Screen.terminal {
      return terminal.nextLine(prompt, keepsHistory: false).map { unmarked($0) }
    }
    guard waiting.isEmpty else { return waiting.removeFirst() }
    guard var lines = nextLines() else { return nil }
    defer { waiting = lines }
    return lines.removeFirst()
  }

  /// The lines that have come in, at least one; `nil` at the end.
  func nextLines() -> [[UInt8]]? {
    if let terminal = Screen.terminal {
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
          Screen.complain("a line is too long")
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

  /// A line without the mark that is none of its text: before the first line, or whatever is typed.
  private func unmarked(_ line: [UInt8]) -> [UInt8] {
    defer { isAtStart = false }
    guard isTyped || isAtStart, line.starts(with: Self.mark) else { return line }
    return Array(line.dropFirst(Self.mark.count))
  }
}

extension [UInt8] {
  /// The bytes of a view.
  init(copying bytes: Span<UInt8>) {
    // Sound: the pointer is used inside the closure alone, and the array copies what it points to.
    self = bytes.withUnsafeBufferPointer { Array($0) }
  }
}
