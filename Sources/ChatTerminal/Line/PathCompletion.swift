internal import ChatCore

/// Completes the path of a file as it is typed: in quotes, or with backslashes. Pure.
package struct PathCompletion: Sendable {
  /// An entry of a folder.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let isFolder: Bool

    package init(_ name: String, isFolder: Bool = false) {
      self.name = name
      self.isFolder = isFolder
    }
  }

  /// What `~` stands for.
  private let home: String?
  /// Lists a folder's entries; empty if it cannot be read.
  private let list: @Sendable (String) -> [Entry]

  /// Makes a completion that lists folders by `list`.
  package init(home: String?, list: @escaping @Sendable (String) -> [Entry]) {
    self.home = home
    self.list = list
  }

  /// Completes the last of some paths.
  ///
  /// - Parameter paths: what is before the cursor; one or more paths with spaces between.
  package func complete(_ paths: String) -> Completion {
    let word = TypedPath(paths)
    // `~` alone is complete, and anything may follow a backslash.
    guard !word.isHalf, !(word.isOfHome && word.path == "~") else {
      return Completion(of: "", from: [], end: "")
    }
    let path = word.path
    let split = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let (folder, start) = (String(path[..<split]), String(path[split...]))
    let entries = list(expanded(folder, isOfHome: word.isOfHome)).filter { entry in
      // A hidden file matches only if the dot was typed.
      (start.hasPrefix(".") || !entry.name.hasPrefix("."))
        && entry.name.unicodeScalars.starts(with: start.unicodeScalars)
        && entry.name.allSatisfy(\.isShowable)
    }.sorted { $0.name < $1.name }
    var result = Completion(of: start, from: entries.map(\.name), end: "")
    if !result.isIdle {
      let rest = String(result.insertion.unicodeScalars.dropFirst(start.unicodeScalars.count))
      let end = entries.count > 1 ? "" : entries[0].isFolder ? "/" : word.end
      (result.replacedCount, result.insertion) = (0, word.quoted(rest) + end)
    }
    if entries.count > 1 {
      result.candidates = entries.map { UndecodedByte.shown($0.isFolder ? $0.name + "/" : $0.name) }
    }
    return result
  }

  /// The folder to list.
  private func expanded(_ folder: String, isOfHome: Bool) -> String {
    if folder.isEmpty { return "." }
    guard let home, isOfHome else { return folder }
    return home + folder.dropFirst()
  }
}
