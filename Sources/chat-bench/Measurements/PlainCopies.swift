import ChatSystem
import Foundation

/// Copies of a file by programs that do nothing else: `nc` and `scp`.
struct PlainCopies {
  /// OpenBSD's netcat, which has `-N`: it ends with its input.
  static let netcat = "nc.openbsd"
  private static let limit: Duration = .seconds(300)

  let source: SourceFile
  /// Where the copies are made, and removed again.
  let parent: URL

  /// Copies the file through as many pairs of `nc` at once.
  func netcat(_ count: Int) throws -> FileTrip.Leg {
    guard let program = RunningServer.path(of: Self.netcat) else {
      throw BenchError("\(Self.netcat) is not installed")
    }
    return try copy(count) { copies in
      let ports = try copies.map { _ in try RunningServer.freePort() }
      let listeners = try zip(copies, ports).map { copy, port in
        try Child(
          program, ["-l", "-N", "127.0.0.1", "\(port)"], input: .nullDevice,
          output: FileHandle(forWritingTo: copy))
      }
      let deadline = MonotonicTime.now + .seconds(10)
      while !ports.allSatisfy({ RunningServer.isListening($0) }) {
        guard MonotonicTime.now < deadline else { throw BenchError("nc does not listen") }
        SystemThread.sleep(for: .milliseconds(5))
      }
      let start = FileTrip.Moment.now()
      let senders = try ports.map { port in
        try Child(
          program, ["-N", "127.0.0.1", "\(port)"], input: FileHandle(forReadingFrom: source.url))
      }
      return (start, listeners, senders)
    }
  }

  /// Copies the file over SSH.
  func secureCopy() throws -> FileTrip.Leg {
    guard let program = RunningServer.path(of: "scp") else {
      throw BenchError("scp is not installed")
    }
    return try copy(1) { copies in
      let start = FileTrip.Moment.now()
      let arguments = Self.sshOptions + ["-q", source.url.path, "localhost:\(copies[0].path)"]
      return (start, [try Child(program, arguments)], [])
    }
  }

  private static let sshOptions = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=3"]

  /// Whether SSH allows a login here without asking.
  static var canLogIn: Bool {
    guard let program = RunningServer.path(of: "ssh"), RunningServer.path(of: "scp") != nil,
      let child = try? Child(program, sshOptions + ["localhost", "true"], input: .nullDevice)
    else { return false }
    return (try? child.end(within: .seconds(10))) != nil
  }

  /// Makes copies, and checks that they equal the file.
  ///
  /// - Parameter begin: begins, and says when, who ends when a copy is there, and who else takes part.
  private func copy(
    _ count: Int, _ begin: ([URL]) throws -> (FileTrip.Moment, [Child], [Child])
  ) throws -> FileTrip.Leg {
    let folder = try Interruption.running.makeFolder(in: parent)
    defer { Interruption.running.remove(folder) }
    let copies = (0..<count).map { folder.appendingPathComponent("copy\($0)") }
    for copy in copies {
      guard FileManager.default.createFile(atPath: copy.path, contents: nil) else {
        throw BenchError("cannot write \(copy.path)")
      }
    }
    let (start, receivers, senders) = try begin(copies)
    let ends = try receivers.map { try $0.end(within: Self.limit) }
    let end = FileTrip.Moment.now(at: ends.max() ?? .now)
    withExtendedLifetime(senders) {}
    for copy in copies {
      guard try source.isSame(as: copy) else { throw BenchError("\(copy.path) has other bytes") }
    }
    return FileTrip.Leg(from: start, to: end, bytes: count * source.sizeBytes)
  }
}
