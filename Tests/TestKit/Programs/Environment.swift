import Foundation

/// What the tests are told from outside.
package enum Environment {
  /// A variable of the environment.
  package static subscript(name: String) -> String? { ProcessInfo.processInfo.environment[name] }

  /// The tests run under the thread sanitizer, ten times slower: the large ones take less.
  package static var isSanitized: Bool { Self["CHAT_SANITIZED"] != nil }

  /// A program of this project, or one that the system has.
  static func program(_ name: String) throws -> URL {
    let own = bundles
    let system = (Self["PATH"] ?? "").split(separator: ":").map { URL(fileURLWithPath: String($0)) }
    for folder in own + system {
      let candidate = folder.appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    throw Failure("\(name) is not installed; `make test` installs what the tests need")
  }

  /// Where the tests were built, and so the programs: `swift test` names the bundle it runs.
  private static var bundles: [URL] {
    CommandLine.arguments.prefix(8).filter { $0.contains(".xctest") }.map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().deletingLastPathComponent()
    }
  }
}
