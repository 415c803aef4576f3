import Foundation
import TestKit
import Testing

/// The real `chat-server export`, and data folders of odd names and odd rights.
@Suite("Data folders and their export", .timeLimit(.minutes(1)))
struct DataFolderExportTests {
  /// Has somebody say something on a server that keeps its data in a folder.
  ///
  /// - Parameter isKilled: it does not end by itself, and leaves its log.
  private static func talk(
    in folder: TestFolder, data: String, text: String, isKilled: Bool = false
  ) throws {
    let server = try Program(
      "sh",
      [
        "-c", "cd \"$0\" && exec \"$1\" --port 0 --data \"$2\"", folder.path,
        Program.path(of: "chat-server"), data,
      ])
    guard let line = try server.line() else { throw Failure(server.errors) }
    let address = try String(#require(line.split(separator: " ").last))
    let alice = try Program("chat-client", ["--nick", "alice", address])
    try alice.type("\(text)\n")
    try alice.endInput()
    #expect(try alice.exitCode() == 0)
    server.signal(isKilled ? SIGKILL : SIGTERM)
    #expect(try server.exitCode() == (isKilled ? -SIGKILL : 0))
  }

  /// Exports the lobby, as somebody whom the permissions of files concern, whoever runs the tests.
  private static func export(_ data: String, in folder: TestFolder) throws -> Program {
    let setpriv =
      geteuid() == 0
      ? "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all -- " : ""
    return try Program(
      "sh",
      [
        "-c", "cd \"$0\" && exec \(setpriv)\"$1\" export --room lobby --data \"$2\"", folder.path,
        Program.path(of: "chat-server"), data,
      ])
  }

  private static func lines(_ texts: String...) -> String {
    texts.map { "alice joined!\nalice: \($0)\nalice left!\n" }.joined()
  }

  @Test(
    "a folder's name is a path, whatever it looks like",
    arguments: [
      "file:x", "file:///x?mode=memory", ":memory:", "a?b#c%41", "-d", "--data", "file::memory:",
      "a b", "a'b\"c", "x//y/./z",
    ])
  func names(_ name: String) throws {
    let folder = try TestFolder()
    try Self.talk(in: folder, data: name, text: "one")
    try Self.talk(in: folder, data: name, text: "two")
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(name)/history.db"))
    #expect(folder.names.count == 1)
    let export = try Self.export(name, in: folder)
    #expect(try export.rest() == Self.lines("one", "two"))
    #expect(try export.exitCode() == 0)
  }

  @Test(
    "a copy that can't be written to is exported, whatever its name",
    arguments: ["copy", "a?b#c%41 \u{E9}", "file:x"])
  func readOnly(_ name: String) throws {
    let folder = try TestFolder()
    try Self.talk(in: folder, data: name, text: "one")
    let path = "\(folder.path)/\(name)"
    defer { chmod(path, 0o700) }
    // With the log's index, without it, and without the log, which is empty once a server has ended.
    for suffix in ["-none", "-shm", "-wal"] {
      chmod(path, 0o700)
      try? FileManager.default.removeItem(atPath: "\(path)/history.db\(suffix)")
      chmod(path, 0o500)
      for data in [name, path] {
        let export = try Self.export(data, in: folder)
        #expect(try export.rest() == Self.lines("one"), "\(export.errors)")
        #expect(try export.exitCode() == 0)
      }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    #expect(!names.contains("history.db-shm") && !names.contains("history.db-wal"))
  }

  @Test("a log that can't be replayed is told with what to do")
  func log() throws {
    let folder = try TestFolder()
    try Self.talk(in: folder, data: "data", text: "one", isKilled: true)
    let path = "\(folder.path)/data"
    try FileManager.default.removeItem(atPath: "\(path)/history.db-shm")
    defer { chmod(path, 0o700) }
    chmod(path, 0o500)
    let export = try Self.export("data", in: folder)
    #expect(try export.exitCode() == 1)
    #expect(export.errors.contains("copy the whole folder to where you may write"))
    #expect(export.errors.split(separator: "\n").count == 1)
    chmod(path, 0o700)
    let copy = try Self.export("data", in: folder)
    #expect(try copy.rest() == Self.lines("one"))
  }
}
