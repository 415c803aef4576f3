import ChatSystem
import Foundation

/// Transfers of a file by programs that anyone has: `curl` and `nc`.
struct FileTransfers {
  static let curl = "curl"
  /// OpenBSD's netcat, which has `-N`: it ends with its input.
  static let netcat = "nc.openbsd"
  private static let limit: Duration = .seconds(300)

  let source: SourceFile
  /// Where copies are made, and removed again.
  let parent: URL

  /// Downloads the file as many times at once, to `/dev/null`.
  func download(_ file: ServedFile, receivers: Int) throws -> TransferCost {
    Machine.settle(bytes: 0)
    let start = TransferCost.Moment.now(serverSeconds: file.processorSeconds)
    let clients = try (0..<receivers).map { number in
      try Self.curl(["-k", "-o", "/dev/null", file.link(for: number)])
    }
    let time = try end(of: clients)
    let end = TransferCost.Moment.now(at: time, serverSeconds: file.processorSeconds)
    return TransferCost(from: start, to: end, bytes: receivers * source.sizeBytes)
  }

  /// Uploads the file to a server of its own (`curl -T`), until the answer is there.
  func upload() throws -> TransferCost {
    Machine.settle(bytes: source.sizeBytes)
    let server = try RunningServer(ServedFile.ownServer, in: parent)
    let start = TransferCost.Moment.now(serverSeconds: server.processorSeconds)
    let client = try Self.curl([
      "-o", "/dev/null", "-T", source.url.path,
      "http://127.0.0.1:\(server.port)/lobby/?nick=sender",
    ])
    let time = try end(of: [client])
    let end = TransferCost.Moment.now(at: time, serverSeconds: server.processorSeconds)
    return TransferCost(from: start, to: end, bytes: source.sizeBytes)
  }

  /// Sends the file from one `nc` to another, which writes it to `/dev/null` or to a file.
  func netcat(toFile: Bool) throws -> TransferCost {
    Machine.settle(bytes: toFile ? source.sizeBytes : 0)
    let folder = try Interruption.running.makeFolder(in: parent)
    defer { Interruption.running.remove(folder) }
    let copy = folder.appendingPathComponent("copy")
    if toFile { try Data().write(to: copy) }
    let program = try Self.path(of: Self.netcat)
    let port = try RunningServer.freePort()
    let receiver = try Child(
      program, ["-l", "-N", "127.0.0.1", "\(port)"], input: .nullDevice,
      output: toFile ? FileHandle(forWritingTo: copy) : .nullDevice)
    let deadline = MonotonicTime.now + .seconds(10)
    while !RunningServer.isListening(port) {
      guard MonotonicTime.now < deadline else { throw BenchError("nc does not listen") }
      SystemThread.sleep(for: .milliseconds(5))
    }
    let start = TransferCost.Moment.now()
    let sender = try Child(
      program, ["-N", "127.0.0.1", "\(port)"], input: FileHandle(forReadingFrom: source.url))
    let end = TransferCost.Moment.now(at: try end(of: [receiver]))
    withExtendedLifetime(sender) {}
    if toFile, try !source.isSame(as: copy) { throw BenchError("nc has received other bytes") }
    return TransferCost(from: start, to: end, bytes: source.sizeBytes)
  }

  /// Starts a curl, which fails with what is not all of a file. Nobody's settings and no proxy are used.
  private static func curl(_ arguments: [String]) throws -> Child {
    try Child(path(of: curl), ["-q", "-s", "-f", "--noproxy", "*"] + arguments, input: .nullDevice)
  }

  private static func path(of program: String) throws -> URL {
    guard let path = RunningServer.path(of: program) else {
      throw BenchError("\(program) is not installed")
    }
    return path
  }

  /// When the last of them ended.
  private func end(of children: [Child]) throws -> MonotonicTime {
    try children.map { try $0.end(within: Self.limit) }.max() ?? .now
  }
}
