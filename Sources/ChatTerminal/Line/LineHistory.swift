/// The lines that were entered, to be recalled. Pure.
struct LineHistory: Sendable {
  /// How many lines are remembered, the latest ones.
  private static let mostLines = 500

  private var lines: [String] = []
  /// The index of the line that is shown; `lines.count` for the new one.
  private var position = 0
  /// The text of the new line, while an old one is shown.
  private var draft = ""

  /// Adds a line, and returns to the new one. A duplicate moves to the end.
  mutating func add(_ line: String) {
    if !line.isEmpty {
      lines.removeAll { $0 == line }
      lines.append(line)
      if lines.count > Self.mostLines { lines.removeFirst() }
    }
    leave()
  }

  /// Returns to the new line.
  mutating func leave() {
    position = lines.count
    draft = ""
  }

  /// The line before the one that is shown; `nil` if there is none.
  mutating func previous(from shown: String) -> String? {
    guard position > 0 else { return nil }
    if position == lines.count { draft = shown }
    position -= 1
    return lines[position]
  }

  /// The line after the one that is shown; `nil` if there is none.
  mutating func next() -> String? {
    guard position < lines.count else { return nil }
    position += 1
    return position == lines.count ? draft : lines[position]
  }
}
