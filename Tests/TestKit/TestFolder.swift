import Foundation

/// A folder of its own for a test, gone with the last who uses it.
package final class TestFolder: Sendable {
  package let path: String

  /// Makes one.
  package init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("chat-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
