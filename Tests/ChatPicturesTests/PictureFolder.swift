import Foundation
import TestKit

/// A folder of files, with a program called chafa in it, for a test to say what it does.
struct PictureFolder {
  private let folder = Result { try TestFolder() }

  /// Where it is.
  var path: String { get throws { try folder.get().path } }

  /// Writes a file.
  ///
  /// - Returns: its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String, permissions: Int = 0o600) throws -> String {
    let path = try "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes(
      [.posixPermissions: permissions], ofItemAtPath: path)
    return path
  }

  /// Puts a chafa of this script in the folder.
  ///
  /// Another process writes it. A descriptor of ours could be inherited by what some other test
  /// starts in this moment, and what anybody may write to can't be run (execve(2), ETXTBSY).
  func program(_ script: String) throws {
    let script = try write(Array("#!/bin/sh\n\(script)\n".utf8), to: "script", permissions: 0o700)
    let copy = try Process.run(
      URL(fileURLWithPath: "/bin/cp"), arguments: ["--remove-destination", script, "\(path)/chafa"])
    copy.waitUntilExit()
    guard copy.terminationStatus == 0 else { throw Failure("cp failed") }
  }

  /// Puts a chafa in the folder that writes these bytes.
  func program(writing bytes: [UInt8]) throws {
    try write(bytes, to: "output")
    try program("cat '\(path)/output'")
  }

  /// The command lines of processes that have this folder's path in theirs.
  func processes() throws -> [String] {
    let path = try path
    return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
      // A process may be gone by now.
      guard Int(name) != nil,
        let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
      else { return nil }
      let text = String(decoding: line, as: UTF8.self).replacing("\0", with: " ")
      return text.contains(path) ? text : nil
    }
  }

  /// How many of this process's children called chafa have ended and wait to be reaped.
  static func zombies() throws -> Int {
    let parent = ProcessInfo.processInfo.processIdentifier
    return try FileManager.default.contentsOfDirectory(atPath: "/proc").count { name in
      guard Int(name) != nil, let stat = FileManager.default.contents(atPath: "/proc/\(name)/stat")
      else { return false }
      return String(decoding: stat, as: UTF8.self).contains("(chafa) Z \(parent) ")
    }
  }

  /// How many descriptors this process has open.
  static func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
  }
}
