/// Completes the path of a file, as it is typed: spaces and backslashes in it follow a backslash. Pure.
package struct PathCompletion: Sendable {
  /// What is in a folder.
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
  /// What a folder holds; empty if nobody may know.
  private let list: @Sendable (String) -> [Entry]

  /// Makes one that looks where `list` does.
  package init(home: String?, list: @escaping @Sendable (String) -> [Entry]) {
    self.home = home
    self.list = list
  }

  /// Completes the last path of some.
  ///
  /// - Parameter paths: what is before the cursor; one or more paths with spaces between.
  package func complete(_ paths: String) -> Completion {
    let path = Self.lastPath(in: paths)
    let split = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let (folder, start) = (String(path[..<split]), String(path[split...]))
    let entries = list(expanded(folder)).filter { entry in
      // A hidden file is meant by those who name it.
      (start.hasPrefix(".") || !entry.name.hasPrefix("."))
        && entry.name.hasPrefix(start) && entry.name.allSatisfy(\.isShowable)
    }.sorted { $0.name < $1.name }
    var result = Completion(of: start, from: entries.map(\.name), end: "")
    if !result.isIdle {
      let rest = String(result.insertion.dropFirst(start.count))
      let end = entries.count > 1 ? "" : entries[0].isFolder ? "/" : " "
      (result.replacedCount, result.insertion) = (0, Self.escaped(rest) + end)
    }
    if entries.count > 1 {
      result.candidates = entries.map { $0.isFolder ? $0.name + "/" : $0.name }
    }
    return result
  }

  /// The folder to look in.
  private func expanded(_ folder: String) -> String {
    if folder.isEmpty { return "." }
    guard let home, folder.hasPrefix("~/") else { return folder }
    return home + folder.dropFirst()
  }

  /// The path that the text ends with, its backslashes resolved.
  private static func lastPath(in text: String) -> String {
    var path = ""
    var isEscaped = false
    for character in text {
      if isEscaped || character != "\\" && character != " " {
        path.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        path = ""
      }
    }
    return path
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if character == " " || character == "\\" { result.append("\\") }
      result.append(character)
    }
  }
}
