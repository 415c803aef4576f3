import Foundation

/// Another process that has a folder's database locked: nobody else can write to it.
package final class HistoryLock {
  private let shell: Program

  /// Locks it, as soon as it can be.
  package init(_ data: TestFolder) throws {
    shell = try Program("sqlite3", ["-batch", "\(data.path)/history.db"])
    try shell.type(".bail on\n.timeout 20000\nBEGIN IMMEDIATE;\n.shell echo locked\n")
    guard try shell.line() == "locked" else { throw Failure("no lock: \(shell.errors)") }
  }

  /// Unlocks it: the process dies, and leaves the files as they are.
  package func release() throws {
    shell.signal(SIGKILL)
    _ = try shell.exitCode()
  }
}
