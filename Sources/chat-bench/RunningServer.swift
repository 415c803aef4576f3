import ChatSystem
import Foundation

/// A subject that runs, and what the system knows of it (proc(5)).
final class RunningServer {
  let port: UInt16
  private let process = Foundation.Process()
  private let folder: URL
  /// Stays open: a server that reads its standard input sees no end.
  private let input = Pipe()

  init(_ program: any ServerProgram) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("chat-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A port that was free a moment ago; subjects cannot all choose one and say so.
    port = try Listener(on: Address(host: "127.0.0.1", port: 0)).address.port
    guard let path = Self.path(of: program.program) else {
      throw BenchError("\(program.program) is not installed")
    }
    process.executableURL = path
    process.arguments = try program.arguments(port: port, folder: folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = input
    try process.run()
    Interruption.running.set(process.processIdentifier, folder)
    let deadline = MonotonicTime.now + .seconds(10)
    while !isListening {
      guard MonotonicTime.now < deadline, process.isRunning else {
        throw BenchError("\(program.name) does not start")
      }
      SystemThread.sleep(for: .milliseconds(5))
    }
  }

  /// Whether somebody listens on the port (proc(5), /proc/net/tcp). Nobody is connected to find out:
  /// ncat ends as a whole when a client is gone without having read everything.
  private var isListening: Bool {
    let hexadecimal = String(port, radix: 16, uppercase: true)
    let zeros = String(repeating: "0", count: 4 - hexadecimal.count)
    let sockets = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
    // 0A is TCP_LISTEN; a socket that listens has no peer.
    return sockets.contains(":\(zeros + hexadecimal) 00000000:0000 0A ")
  }

  deinit {
    // What is measured is over; nobody waits for a polite end. One that did not start has none.
    Interruption.running.end()
    if process.isRunning { process.waitUntilExit() }
  }

  /// Where a program is: beside this one, or on the path.
  static func path(of program: String) -> URL? {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders =
      [own]
      + (path + ":/usr/sbin").split(separator: ":").map {
        URL(fileURLWithPath: String($0))
      }
    return folders.map { $0.appendingPathComponent(program) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// Processor time used so far, in seconds, in ticks of 10 ms.
  var processorSeconds: Double {
    let text =
      (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8))
      ?? ""
    // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
    let fields = (text.components(separatedBy: ") ").last ?? "").split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Resident memory in bytes.
  var residentBytes: Int { 1_024 * status("VmRSS:") }

  /// The most it ever had.
  var peakResidentBytes: Int { 1_024 * status("VmHWM:") }

  private func status(_ key: String) -> Int {
    let path = "/proc/\(process.processIdentifier)/status"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
