import ChatSystem
import Foundation

/// The start of a server that was killed before its lines were in the database.
///
/// The database is locked by another process while the lines are said, then the server is killed.
struct FullJournal {
  private static let size = 64
  /// A line's bytes besides its text: `u0: `, and its end.
  private static let addedBytes = 5

  /// How many bytes of lines are said: as many as a journal of 64 MiB takes, with what stands around them.
  var bytes = 60_000_000
  private var texts: Int { bytes / (Self.size + Self.addedBytes) }

  /// The results of one run.
  struct Sample {
    /// From starting the program to its first line on standard output, with all that was not yet in the database.
    let startSeconds: Double
    /// The next one, with nothing left to do.
    let nextStartSeconds: Double
    let said: Int
    /// What the past has of it, after the first of these starts.
    let past: PastCheck

    var missing: Int { said - past.found }
  }

  func run(_ subject: ChatServerSubject) throws -> Sample {
    let folder = try Interruption.running.makeFolder()
    defer { Interruption.running.remove(folder) }
    try fill(subject, folder)
    let first = try start(subject, folder)
    let past = try PastCheck(exportedFrom: folder, size: Self.size)
    first.server.kill()
    let next = try start(subject, folder)
    return Sample(
      startSeconds: first.seconds, nextStartSeconds: next.seconds, said: texts, past: past)
  }

  private func fill(_ subject: ChatServerSubject, _ folder: URL) throws {
    let server = try RunningServer(subject, keeping: folder)
    let work = Throughput(receivers: 1, senders: 1, size: Self.size)
    let flood = try Flood(server, subject, work, window: work.windows[1])
    let lock = try DatabaseLock(folder.appendingPathComponent("history.db"))
    _ = try flood.run(for: .seconds(110), texts: texts)
    // Before the lock is gone.
    server.kill()
    withExtendedLifetime(lock) {}
  }

  private func start(
    _ subject: ChatServerSubject, _ folder: URL
  ) throws -> (server: Child, seconds: Double) {
    guard let path = RunningServer.path(of: subject.program) else {
      throw BenchError("\(subject.program) is not installed")
    }
    let port = try RunningServer.freePort()
    let line = AwaitedLine()
    let start = MonotonicTime.now
    let server = try Child(
      path, subject.arguments(port: port, folder: folder), onOutput: { line.note($0) })
    guard let first = line.wait(.seconds(60)) else { throw BenchError("the server does not start") }
    return (server, (first.time - start) / .seconds(1))
  }
}
