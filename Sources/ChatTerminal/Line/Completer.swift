internal import ChatCore

/// Knows what can be completed in a line: paths, commands, and the names of people. Pure.
package struct Completer: Sendable {
  /// The oldest of more names are forgotten.
  private static let mostNames = 200
  /// No more candidates are listed.
  private static let mostCandidates = 50
  /// What takes paths.
  private static let sending = "/send "

  private let commands: [String]
  private let paths: PathCompletion
  /// Those seen lately, the last one first.
  private var names: [String] = []

  /// Makes one that knows nobody.
  ///
  /// - Parameter commands: with their slash.
  package init(commands: [String], paths: PathCompletion) {
    self.commands = commands
    self.paths = paths
  }

  /// Notes that somebody is here.
  package mutating func note(name: String) {
    guard names.first != name else { return }
    names.removeAll { $0 == name }
    names.insert(name, at: 0)
    if names.count > Self.mostNames { names.removeLast() }
  }

  /// Completes what is before the cursor.
  package func complete(_ text: String) -> Completion {
    if text.hasPrefix(Self.sending) {
      return paths.complete(String(text.dropFirst(Self.sending.count)))
    }
    let word = text.split(separator: " ", omittingEmptySubsequences: false).last.map(String.init)
    guard let word, !word.isEmpty else { return Completion(of: "", from: [], end: "") }
    let isFirst = word.count == text.count
    if isFirst, word.hasPrefix("/") { return Completion(of: word, from: commands, end: " ") }
    return Completion(of: word, from: names, ignoresCase: true, end: isFirst ? ": " : " ")
  }

  /// Lists candidates in columns, as ls(1) does, but row by row.
  package static func rows(_ candidates: [String], width: Int) -> String {
    let shown = candidates.prefix(mostCandidates)
    let column = 2 + (shown.map { DisplayWidth.of($0) }.max() ?? 0)
    let perRow = max(1, (width + 1) / column)
    var text = ""
    for (index, candidate) in shown.enumerated() {
      let isLast = index % perRow == perRow - 1 || index == shown.count - 1
      let gap = String(repeating: " ", count: column - DisplayWidth.of(candidate))
      text += candidate + (isLast ? "\n" : gap)
    }
    let left = candidates.count - shown.count
    return left > 0 ? text + "… and \(left) more\n" : text
  }
}
