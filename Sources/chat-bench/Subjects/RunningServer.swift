import ChatSystem
import Foundation

/// A running subject, and what the system knows of it (proc(5)).
final class RunningServer {
  let port: UInt16
  private let process = Foundation.Process()
  /// The folder for its files.
  let folder: URL
  /// Whether the folder was made here, and is removed with the server.
  private let ownsFolder: Bool
  /// Its standard input, which stays open.
  private let input = Pipe()

  /// Starts a program with a folder of its own.
  ///
  /// - Parameter parent: where its folder is made.
  convenience init(
    _ program: any ServerProgram, in parent: URL = FileManager.default.temporaryDirectory
  ) throws {
    let folder = try Interruption.running.makeFolder(in: parent)
    try self.init(program, folder: folder, ownsFolder: true)
  }

  /// Starts a program with a folder that is there, and stays there.
  convenience init(_ program: any ServerProgram, keeping folder: URL) throws {
    try self.init(program, folder: folder, ownsFolder: false)
  }

  private init(_ program: any ServerProgram, folder: URL, ownsFolder: Bool) throws {
    (self.folder, self.ownsFolder) = (folder, ownsFolder)
    port = try Self.freePort()
    guard let path = Self.path(of: program.program) else {
      throw BenchError("\(program.program) is not installed")
    }
    process.executableURL = path
    process.arguments = try program.arguments(port: port, folder: folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = input
    try Interruption.running.start(process)
    let deadline = MonotonicTime.now + .seconds(10)
    while !Self.isListening(port) {
      guard MonotonicTime.now < deadline, process.isRunning else {
        throw BenchError("\(program.name) does not start")
      }
      SystemThread.sleep(for: .milliseconds(5))
    }
  }

  /// A port that was free a moment ago: not all programs can choose one and say so.
  static func freePort() throws -> UInt16 {
    try Listener(on: Address(host: "127.0.0.1", port: 0)).address.port
  }

  /// Whether a process listens on the port (proc(5), /proc/net/tcp). Connecting to find out would end ncat: it exits when a
  /// client leaves without having read everything.
  static func isListening(_ port: UInt16) -> Bool {
    let hexadecimal = String(port, radix: 16, uppercase: true)
    let zeros = String(repeating: "0", count: 4 - hexadecimal.count)
    let sockets = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
    // 0A is TCP_LISTEN; a socket that listens has no peer.
    return sockets.contains(":\(zeros + hexadecimal) 00000000:0000 0A ")
  }

  deinit {
    // The measurement is over: no graceful end is needed.
    kill()
    if ownsFolder { Interruption.running.remove(folder) }
  }

  /// Kills it, and waits until it is gone. Nothing happens to one that is.
  func kill() { Interruption.running.end(process) }

  /// Where this program is.
  static var ownFolder: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// Where a program is: beside this one, or on the path.
  static func path(of program: String) -> URL? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders =
      [ownFolder]
      + (path + ":/usr/sbin").split(separator: ":").map {
        URL(fileURLWithPath: String($0))
      }
    return folders.map { $0.appendingPathComponent(program) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// Processor time used so far, in seconds.
  var processorSeconds: Double { status.processorSeconds }
  /// Resident memory in bytes.
  var residentBytes: Int { status.residentBytes }
  /// The most it ever had.
  var peakResidentBytes: Int { status.peakResidentBytes }

  private var status: ProcessStatus { ProcessStatus(id: process.processIdentifier) }
}
