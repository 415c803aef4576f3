import Foundation

/// What an exported past has of the texts that one sender said. Pure.
struct PastCheck: Equatable {
  /// How many texts are there in their order, each once.
  private(set) var found = 0
  /// How many are there again, or after a later one.
  private(set) var misplaced = 0
  /// The number of the last one that is there.
  private(set) var last = -1

  /// Takes a whole export.
  ///
  /// - Parameter size: the size of a text.
  init(_ bytes: UnsafeRawBufferPointer, size: Int) {
    var start = 0
    while start < bytes.count, let base = bytes.baseAddress,
      let line = memchr(base + start, 10, bytes.count - start)
    {
      let end = UnsafeRawPointer(line) - base
      let text = Message.parse(OrderCheck.line(bytes, start, end), size: size)
      start = end + 1
      guard let text, text.sender == 0 else { continue }
      if text.number > last {
        found += 1
        last = text.number
      } else {
        misplaced += 1
      }
    }
  }
}

extension PastCheck {
  /// Checks what `chat-server export` has of a lobby, whether or not a server runs on the folder.
  init(exportedFrom folder: URL, size: Int) throws {
    let output = folder.appendingPathComponent("export.txt")
    guard let program = RunningServer.path(of: "chat-server"),
      FileManager.default.createFile(atPath: output.path, contents: nil)
    else { throw BenchError("cannot export to \(output.path)") }
    let export = try Child(
      program, ["export", "--room", "lobby", "--data", folder.path],
      output: FileHandle(forWritingTo: output))
    _ = try export.end(within: .seconds(60))
    self = try Data(contentsOf: output, options: .alwaysMapped).withUnsafeBytes {
      PastCheck($0, size: size)
    }
  }
}
