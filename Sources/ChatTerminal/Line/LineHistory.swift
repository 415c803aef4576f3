/// The lines that were entered, to be had again. Pure.
struct LineHistory: Sendable {
  /// The oldest of more than these are forgotten.
  private static let mostLines = 500

  private var lines: [String] = []
  /// Which line is shown; their number while it is a new one.
  private var position = 0
  /// The new line, while an old one is shown.
  private var draft = ""

  /// Adds a line, and goes to the end. One that is there already moves.
  mutating func add(_ line: String) {
    if !line.isEmpty {
      lines.removeAll { $0 == line }
      lines.append(line)
      if lines.count > Self.mostLines { lines.removeFirst() }
    }
    leave()
  }

  /// A new line is shown again.
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
