import ChatSystem
import Foundation

/// Another process that holds a database's lock: nobody else can write to it meanwhile.
///
/// Owns: the process (sqlite3), which is killed when this object ends, and ends with the benchmark in any case.
final class DatabaseLock {
  static let program = "sqlite3"

  private let child: Child
  private let input = Pipe()

  /// Takes the lock.
  init(_ database: URL) throws {
    guard let program = RunningServer.path(of: Self.program) else {
      throw BenchError("\(Self.program) is not installed")
    }
    let answer = AwaitedLine()
    child = try Child(
      program, ["-batch", "-bail", database.path], input: input.fileHandleForReading,
      onOutput: { answer.note($0) })
    try input.fileHandleForReading.close()
    try input.fileHandleForWriting.write(
      contentsOf: Data(".timeout 10000\nBEGIN EXCLUSIVE;\nSELECT 'locked';\n".utf8))
    guard answer.wait(.seconds(15))?.text == "locked" else {
      throw BenchError("\(database.path) cannot be locked")
    }
  }
}
