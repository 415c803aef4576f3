import ChatSystem
import Foundation

/// A child process whose output is read line by line.
///
/// Owns: the process, which is killed when this object ends.
final class Child {
  /// Called for each line, without its LF, on a thread of its own.
  typealias LineHandler = @Sendable (UnsafeRawBufferPointer) -> Void

  private let process = Foundation.Process()
  private let ending = Ending()

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - input: its standard input; without one, a pipe that stays open and empty.
  ///   - output: its standard output, unless there is `onOutput`.
  init(
    _ program: URL, _ arguments: [String], input: FileHandle? = nil,
    output: FileHandle = .nullDevice, onOutput: LineHandler? = nil
  ) throws {
    process.executableURL = program
    process.arguments = arguments
    // The process object keeps the pipe, whose writing end stays open.
    process.standardInput = input ?? Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.terminationHandler = { [ending] in ending.note($0.terminationStatus) }
    let pipe = Pipe()
    if onOutput != nil { process.standardOutput = pipe }
    try Interruption.running.start(process)
    if let onOutput { try Self.readLines(of: pipe.fileHandleForReading, onOutput) }
  }

  deinit { kill() }

  /// Kills it, and waits until it is gone. Nothing happens to one that is.
  func kill() { Interruption.running.end(process) }

  var isRunning: Bool { process.isRunning }

  /// Waits until it ends by itself.
  ///
  /// - Returns: when that was.
  /// - Throws: `BenchError` if it takes too long, or fails.
  func end(within limit: Duration) throws -> MonotonicTime {
    guard let (time, status) = ending.wait(limit) else {
      throw BenchError("\(process.executableURL?.lastPathComponent ?? "") does not end")
    }
    guard status == 0 else {
      throw BenchError("\(process.executableURL?.lastPathComponent ?? "") ended with \(status)")
    }
    return time
  }

  /// Reads to the end on a thread of its own.
  private static func readLines(of handle: FileHandle, _ body: @escaping LineHandler) throws {
    try SystemThread.start(named: "reading") {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var length = 0
      while true {
        let count = buffer.withUnsafeMutableBytes {
          read(handle.fileDescriptor, $0.baseAddress?.advanced(by: length), $0.count - length)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        length += count
        let used = buffer.withUnsafeBytes { bytes in
          eachLine(UnsafeRawBufferPointer(rebasing: bytes[..<length]), body)
        }
        // A line that fills the buffer is not one that anybody waits for.
        let rest = used == 0 && length == buffer.count ? 0 : length - used
        buffer.replaceSubrange(0..<rest, with: buffer[used..<used + rest])
        length = rest
      }
    }
  }

  /// - Returns: where the first line begins that has no end yet.
  private static func eachLine(_ bytes: UnsafeRawBufferPointer, _ body: LineHandler) -> Int {
    var start = 0
    while start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 10, bytes.count - start)
    {
      let end = UnsafeRawPointer(found) - base
      body(OrderCheck.line(bytes, start, end))
      start = end + 1
    }
    return start
  }

  /// When a process ended, and its status. Thread: any.
  private final class Ending: Sendable {
    private struct State {
      var end: (time: MonotonicTime, status: Int32)?
    }

    private let state = Guarded(State())

    func note(_ status: Int32) {
      state.withLock { $0.end = (.now, status) }
      state.wake()
    }

    func wait(_ limit: Duration) -> (time: MonotonicTime, status: Int32)? {
      state.wait(until: .now + limit) { $0.end }
    }
  }
}
