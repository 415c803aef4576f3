internal import ChatCore

/// Completes paths, commands and nicknames in a line. Pure.
package struct Completer: Sendable {
  /// How many names are remembered, the latest ones.
  private static let mostNames = 200
  /// How many candidates are listed.
  private static let mostCandidates = 50
  /// The command that takes paths.
  private static let sending = "/send "

  private let commands: [String]
  private let paths: PathCompletion
  /// The latest ones, the last one first.
  private var names: [String] = []

  /// Makes a completer without names.
  ///
  /// - Parameter commands: with their slash.
  package init(commands: [String], paths: PathCompletion) {
    self.commands = commands
    self.paths = paths
  }

  /// Adds a name.
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
