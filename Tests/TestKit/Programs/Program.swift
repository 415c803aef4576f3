import Foundation

/// A program that runs beside the test, with pipes to its standard streams.
///
/// Thread: one at a time.
package final class Program {
  private let process = Process()
  private let input: Pipe
  private let output: Pipe
  private let errorFile: URL
  private var received: [UInt8] = []
  private let name: String

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - name: one of this project's, or one that the system has.
  ///   - arguments: its command line.
  ///   - hasUnreadErrors: standard error is a pipe that nobody reads.
  ///   - hasNonBlockingOutput: standard output is a pipe that does not wait.
  package init(
    _ name: String, _ arguments: [String], hasUnreadErrors: Bool = false,
    hasNonBlockingOutput: Bool = false
  ) throws {
    self.name = name
    // Whatever is typed to a program that has ended is an error, and not the end of the tests.
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
    errorFile = FileManager.default.temporaryDirectory
      .appendingPathComponent("chat-test-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: errorFile.path, contents: nil)
    process.executableURL = try Environment.program(name)
    process.arguments = arguments
    (input, output) = try ChildStart.alone { [process, errorFile] in
      let (input, output) = (Pipe(), Pipe())
      // Not every child is started here: one of an exit test would keep this one's input open.
      for end in [
        input.fileHandleForReading, input.fileHandleForWriting, output.fileHandleForReading,
        output.fileHandleForWriting,
      ] {
        _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
      }
      process.standardInput = input
      process.standardOutput = output
      process.standardError = try hasUnreadErrors ? Pipe() : FileHandle(forWritingTo: errorFile)
      if hasNonBlockingOutput {
        _ = fcntl(output.fileHandleForWriting.fileDescriptor, F_SETFL, O_NONBLOCK)
      }
      try process.run()
      return (input, output)
    }
  }

  deinit {
    if process.isRunning { kill(pid, SIGKILL) }
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: errorFile)
  }

  /// Where a program is, for a shell to start it.
  package static func path(of name: String) throws -> String {
    try Environment.program(name).path
  }

  /// The process's number.
  package var pid: Int32 { process.processIdentifier }

  /// What it wrote to standard error so far.
  package var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

  /// Gives it text on standard input.
  package func type(_ text: String) throws { try type(bytes: Array(text.utf8)) }

  /// Gives it bytes on standard input.
  package func type(bytes: [UInt8]) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(bytes))
  }

  /// How much of what it was given it has not read yet.
  package var unreadInputBytes: Int {
    var count: Int32 = 0
    _ = ioctl(input.fileHandleForWriting.fileDescriptor, UInt(FIONREAD), &count)
    return Int(count)
  }

  /// Gives it more text than a pipe holds, on a thread of its own, then ends its standard input.
  package func typeAll(_ text: String) {
    let keyboard = input.fileHandleForWriting
    Thread {
      // A program that ends before it has read everything is the test's to notice.
      try? keyboard.write(contentsOf: Data(text.utf8))
      try? keyboard.close()
    }.start()
  }

  /// Ends its standard input.
  package func endInput() throws { try input.fileHandleForWriting.close() }

  /// Sends it a signal.
  package func signal(_ number: Int32) { kill(pid, number) }

  /// The next line of its standard output, without the LF; `nil` at the end.
  package func line(within seconds: Double = 20) throws -> String? {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeFirst(end + 1) }
        return String(decoding: received[..<end], as: UTF8.self)
      }
      guard try receive(until: deadline) else {
        guard received.isEmpty else {
          throw Failure("\(name) ended inside a line: \(String(decoding: received, as: UTF8.self))")
        }
        return nil
      }
    }
  }

  /// All the rest of its standard output.
  package func rest(within seconds: Double = 60) throws -> String {
    let deadline = Date().addingTimeInterval(seconds)
    while try receive(until: deadline) {}
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }

  /// Waits for its end, and says how it ended: its exit code, or minus the signal.
  package func exitCode(within seconds: Double = 20) throws -> Int32 {
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning {
      guard Date() < deadline else { throw Failure("\(name) still runs after \(seconds) s") }
      // Foundation reaps the child on a thread of its own: there is nothing to wait on but time.
      Thread.sleep(forTimeInterval: 0.005)
    }
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  private func receive(until deadline: Date) throws -> Bool {
    let number = output.fileHandleForReading.fileDescriptor
    var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    let left = max(0, deadline.timeIntervalSinceNow)
    guard poll(&entry, 1, Int32(left * 1_000)) > 0 else {
      throw Failure(
        "\(name) said nothing in time; so far: \(String(decoding: received, as: UTF8.self))")
    }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = read(number, &buffer, buffer.count)
    guard count > 0 else { return false }
    received.append(contentsOf: buffer[..<count])
    return true
  }
}
