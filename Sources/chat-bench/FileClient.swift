import ChatSystem
import Foundation

/// A member of a room that sends a file, or saves what is offered: a process of its own.
final class FileClient: @unchecked Sendable {
  // Sound: what changes is guarded by `lock`; `child` is its owner's.

  /// Which program it is.
  enum Program: CaseIterable {
    case chatClient, plain

    var name: String {
      switch self {
      case .chatClient: "chat-client"
      case .plain: "plain client"
      }
    }

    /// Whether it is there, and can move files.
    var isAble: Bool {
      guard self == .chatClient else { return true }
      guard let url = RunningServer.path(of: "chat-client") else { return false }
      let process = Foundation.Process()
      let output = Pipe()
      process.executableURL = url
      process.arguments = ["--help"]
      process.standardOutput = output
      guard (try? Interruption.running.start(process)) != nil else { return false }
      let help = output.fileHandleForReading.readDataToEndOfFile()
      Interruption.running.end(process)
      return String(decoding: help, as: UTF8.self).contains("--auto-accept")
    }

    fileprivate func start(_ arguments: [String], _ heard: FileClient) throws -> Child {
      let program = self == .plain ? "chat-bench" : "chat-client"
      guard let url = RunningServer.path(of: program) else {
        throw BenchError("\(program) is not installed")
      }
      return try Child(
        url, (self == .plain ? [PlainClient.flag] : []) + arguments,
        onOutput: { heard.takeOutput($0) }, onError: { heard.takeError($0) })
    }
  }

  /// How large a text of the talk is.
  static let textBytes = 64

  private let lock = Lock()
  private var savedTime: MonotonicTime?
  private var latencies: LatencyHistogram?
  private var lastError = ""
  private var child: Child?

  /// Starts one that saves what is offered.
  init(_ program: Program, receiving nickname: String, port: UInt16, folder: URL) throws {
    child = try program.start(
      [
        "127.0.0.1:\(port)", "--nick", nickname, "--downloads", folder.path,
        "--auto-accept", "2G",
      ], self)
  }

  /// Starts one that sends a file.
  init(_ program: Program, sending file: URL, port: UInt16) throws {
    child = try program.start(
      ["127.0.0.1:\(port)", "--nick", "sender", "--send", file.path], self)
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
