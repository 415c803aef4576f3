import Foundation
import Testing

/// The documentation beside the sources: what is listed there is complete.
@Suite("Documentation")
struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let catalog = root.appendingPathComponent("Sources/ChatCore/ChatCore.docc")

  private func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

  private func page(_ name: String) throws -> String {
    try text(Self.catalog.appendingPathComponent("\(name).md"))
  }

  /// The Swift files of a folder, with their text.
  private func sources(_ folder: String) throws -> [(type: String, text: String)] {
    let root = Self.root.appendingPathComponent(folder)
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    return try (files?.allObjects ?? []).compactMap { $0 as? URL }
      .filter { $0.pathExtension == "swift" }
      .map { ($0.deletingPathExtension().lastPathComponent, try text($0)) }
  }

  @Test("every thread, queue and lock is on the page of threads and locks")
  func threadsAndLocks() throws {
    let page = try page("ThreadsAndLocks")
    var owners: Set<String> = []
    for (type, text) in try sources("Sources") where !["Guarded", "Lock"].contains(type) {
      // A lock is named by the type that owns it, in the file of that name.
      let code = text.split(separator: "\n").filter {
        !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//")
      }.joined(separator: "\n")
      if code.contains(/\bGuarded(<.*>)?\(|[^.]\bLock\(\)/) { owners.insert(type) }
      for match in code.matches(
        of: /(?:DispatchQueue\(\s*label|SystemThread\.start\(named): "(.+?)"/)
      {
        #expect(page.contains("`\(match.1)`"), "\(type) has \(match.1), which is not on the page")
      }
    }
    #expect(owners.contains("RoomLog") && owners.count > 20)
    let listed = Set(
      page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        .flatMap { row in row.split(separator: "|")[0].matches(of: /`(\w+)`/).map { String($0.1) } }
    )
    // The textbook server of the bench is a program in another language.
    let missing = owners.subtracting(listed).subtracting(["Subject"])
    #expect(missing.isEmpty, "locks that are not on the page: \(missing.sorted())")
  }

  @Test("every JSON event is on the page of events")
  func events() throws {
    let page = try page("JSONEvents")
    let source = try #require(
      sources("Sources/ChatClientModel").first { $0.type == "JSONEvent" }?.text)
    let names = source.matches(of: /\bevent\(\s*"([a-z-]+)"/).map { String($0.1) }
    #expect(Set(names).count > 20)
    for name in Set(names) { #expect(page.contains("| `\(name)` |"), "\(name)") }
  }

  @Test("every article can be reached from the landing page, and every link of the README")
  func links() throws {
    let landing = try page("ChatCore")
    for file in try FileManager.default.contentsOfDirectory(atPath: Self.catalog.path)
    where file.hasSuffix(".md") && file != "ChatCore.md" {
      #expect(landing.contains("<doc:\(file.dropLast(3))>"), "\(file)")
    }
    let readme = try text(Self.root.appendingPathComponent("README.md"))
    for match in readme.matches(of: /\]\((?!http)(.+?)\)/) {
      let path = Self.root.appendingPathComponent(String(match.1)).path
      #expect(FileManager.default.fileExists(atPath: path), "\(match.1)")
    }
  }
}
