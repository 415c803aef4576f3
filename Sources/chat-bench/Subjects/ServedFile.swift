internal import ChatCore
import ChatCrypto
import Foundation

/// A file that is served by HTTP: by one process, or by several that share the receivers.
struct ServedFile {
  /// This project's server, which takes a file of any size that the benchmark has.
  static let ownServer = ChatServerSubject(maxFile: "2G")

  let name: String
  let processes: [RunningServer]
  /// The path of its link.
  let path: String
  let isEncrypted: Bool

  /// The port of the process from which a receiver gets it.
  func port(for receiver: Int) -> UInt16 { processes[receiver % processes.count].port }

  /// The link by which a receiver gets it.
  func link(for receiver: Int) -> String {
    "\(isEncrypted ? "https" : "http")://127.0.0.1:\(port(for: receiver))\(path)"
  }

  /// The processor time that the processes have used, in seconds.
  var processorSeconds: Double { processes.reduce(0) { $0 + $1.processorSeconds } }

  /// The same file over TLS, where its server does both at one port.
  var encrypted: ServedFile {
    ServedFile(name: name, processes: processes, path: path, isEncrypted: true)
  }

  /// Sends a file to this project's server, and checks that it comes back as it was.
  static func own(_ source: SourceFile, on server: RunningServer) throws -> ServedFile {
    let sending = try HTTPConnection(port: server.port)
    guard let path = try sending.put(source, as: "sender", while: { _ in true }) else {
      throw BenchError("the file was not sent")
    }
    var hash = try SHA256()
    try HTTPConnection(port: server.port).get(path) {
      try hash.update($0)
      return true
    }
    guard try hash.finish() == source.digest else { throw BenchError("\(path) has other bytes") }
    return ServedFile(
      name: ownServer.name, processes: [server], path: path, isEncrypted: false)
  }

  /// Has nginx serve this project's server's own copy, from the same pages of the system's cache. Each processor has a process, and
  /// each process as many of the receivers.
  ///
  /// - Returns: `nil` if nginx is not installed.
  static func nginx(
    _ source: SourceFile, of server: RunningServer, isEncrypted: Bool = false, in parent: URL
  ) throws -> ServedFile? {
    let files = server.folder.appendingPathComponent("files")
    let program = NginxProgram(folder: files, isEncrypted: isEncrypted)
    guard RunningServer.path(of: program.program) != nil else { return nil }
    let processes = try (0..<ProcessInfo.processInfo.activeProcessorCount).map { _ in
      try RunningServer(program, in: parent)
    }
    // The server names what it stores by its SHA-256.
    return ServedFile(
      name: program.name, processes: processes, path: "/\(source.digest.hex)",
      isEncrypted: isEncrypted)
  }
}
