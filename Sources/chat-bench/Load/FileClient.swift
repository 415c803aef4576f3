import ChatSystem
import Foundation

/// A `chat-client` that sends a file, or saves what is offered.
final class FileClient {
  /// Its name in the tables.
  static let name = "chat-client"

  /// The size of a text.
  static let textBytes = 64

  private let reports: Reports
  private let child: Child

  /// Starts one that saves what is offered.
  convenience init(receiving nickname: String, port: UInt16, folder: URL) throws {
    try self.init(
      [
        "127.0.0.1:\(port)", "--nick", nickname, "--downloads", folder.path,
        "--auto-accept", "2G",
      ])
  }

  /// Starts one that sends a file.
  convenience init(sending file: URL, port: UInt16) throws {
    try self.init(["127.0.0.1:\(port)", "--nick", "sender", "--send", file.path])
  }

  private init(_ arguments: [String]) throws {
    guard let program = RunningServer.path(of: Self.name) else {
      throw BenchError("\(Self.name) is not installed")
    }
    let reports = Reports()
    self.reports = reports
    child = try Child(
      program, arguments, onOutput: { reports.takeOutput($0) }, onError: { reports.takeError($0) })
  }

  /// When it had saved the file, complete and checked; `nil` before.
  ///
  /// - Throws: `BenchError` if it has ended.
  func saved() throws -> MonotonicTime? {
    let (time, error) = reports.saved
    guard time != nil || child.isRunning else { throw BenchError("a client: \(error)") }
    return time
  }

  /// The latencies since the last call; none at the first.
  func takeLatencies() -> LatencyHistogram { reports.takeLatencies() }
}

/// What the client has written so far. Thread: any.
private final class Reports: Sendable {
  private struct State {
    var savedTime: MonotonicTime?
    var latencies: LatencyHistogram?
    var lastError = ""
  }

  private let state = Guarded(State())

  var saved: (MonotonicTime?, lastError: String) {
    state.withLock { ($0.savedTime, $0.lastError) }
  }

  func takeLatencies() -> LatencyHistogram {
    state.withLock { state in
      defer { state.latencies = LatencyHistogram() }
      return state.latencies ?? LatencyHistogram()
    }
  }

  func takeOutput(_ line: UnsafeRawBufferPointer) {
    let now = MonotonicTime.now
    guard let text = Message.parse(line, size: FileClient.textBytes), text.sender == 0 else {
      return
    }
    state.withLock { $0.latencies?.add(now.nanoseconds - text.nanoseconds) }
  }

  func takeError(_ line: UnsafeRawBufferPointer) {
    let now = MonotonicTime.now
    let text = String(decoding: line, as: UTF8.self)
    state.withLock {
      $0.lastError = text
      if text.contains("saved received_") { $0.savedTime = $0.savedTime ?? now }
    }
  }
}
