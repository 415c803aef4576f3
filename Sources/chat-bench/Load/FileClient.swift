import ChatSystem
import Foundation

/// A `chat-client` that sends a file, or saves what is offered.
final class FileClient: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`; `child` is its owner's.

  /// As the tables have it.
  static let name = "chat-client"

  /// How large a text of the talk is.
  static let textBytes = 64

  private let lock = Lock()
  private var savedTime: MonotonicTime?
  private var latencies: LatencyHistogram?
  private var lastError = ""
  private var child: Child?

  /// Starts one that saves what is offered.
  init(receiving nickname: String, port: UInt16, folder: URL) throws {
    try start(
      [
        "127.0.0.1:\(port)", "--nick", nickname, "--downloads", folder.path,
        "--auto-accept", "2G",
      ])
  }

  /// Starts one that sends a file.
  init(sending file: URL, port: UInt16) throws {
    try start(["127.0.0.1:\(port)", "--nick", "sender", "--send", file.path])
  }

  private func start(_ arguments: [String]) throws {
    guard let program = RunningServer.path(of: Self.name) else {
      throw BenchError("\(Self.name) is not installed")
    }
    child = try Child(
      program, arguments, onOutput: { [weak self] in self?.takeOutput($0) },
      onError: { [weak self] in self?.takeError($0) })
  }

  /// When it had the file, whole and checked; `nil` before.
  ///
  /// - Throws: `BenchError` if it has ended.
  func saved() throws -> MonotonicTime? {
    let (time, error) = lock.withLock { (savedTime, lastError) }
    guard time != nil || child?.isRunning == true else { throw BenchError("a client: \(error)") }
    return time
  }

  /// How late the texts arrived since this was asked for the last time; none before the first.
  func takeLatencies() -> LatencyHistogram {
    lock.withLock {
      defer { latencies = LatencyHistogram() }
      return latencies ?? LatencyHistogram()
    }
  }

  private func takeOutput(_ line: UnsafeRawBufferPointer) {
    let now = MonotonicTime.now
    guard let text = Message.parse(line, size: Self.textBytes), text.sender == 0 else { return }
    lock.withLock { latencies?.add(now.nanoseconds - text.nanoseconds) }
  }

  private func takeError(_ line: UnsafeRawBufferPointer) {
    let now = MonotonicTime.now
    let text = String(decoding: line, as: UTF8.self)
    lock.withLock {
      lastError = text
      if text.contains("saved received_") { savedTime = savedTime ?? now }
    }
  }
}
