import Foundation
import TestKit
import Testing

/// A Python program of `Tests/Web`, with what `make test` installs for it from PyPI.
enum WebScript {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let tools = "\(root.path)/.build/python"

  /// Runs one to its end, and expects no failure.
  ///
  /// - Parameters:
  ///   - name: the file's, without `.py`.
  ///   - modules: of PyPI, without which it is left out.
  ///   - seconds: how long it may take.
  /// - Returns: what it printed; `nil` where it is left out.
  @discardableResult
  static func run(
    _ name: String, _ arguments: [String], modules: [String], within seconds: Double
  ) throws -> String? {
    for module in modules
    where !FileManager.default.fileExists(atPath: "\(tools)/\(module)") {
      print("LEFT OUT: \(module) is not in \(tools); `make test` installs it from PyPI")
      return nil
    }
    let script = "\(root.path)/Tests/Web/\(name).py"
    let python = try Program(
      "env",
      [
        "PYTHONPATH=\(tools)", "PYTHONPYCACHEPREFIX=\(root.path)/.build/pycache",
        "/usr/bin/python3",
        script,
      ] + arguments)
    let output = try python.rest(within: seconds)
    #expect(try python.exitCode() == 0, "\(output)\(python.errors)")
    // What was left out, and which versions took part.
    for line in output.split(separator: "\n") where line.contains("LEFT OUT") { print(line) }
    return output
  }
}
