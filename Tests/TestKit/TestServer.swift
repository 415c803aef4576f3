import Foundation

/// The real chat-server on a free port of 127.0.0.1.
package final class TestServer {
  package let program: Program
  package let port: UInt16

  /// Starts one and waits until it listens.
  package init(_ arguments: String..., hasUnreadErrors: Bool = false) throws {
    program = try Program(
      "chat-server", ["--port", "0", "--no-web", "--no-history"] + arguments,
      hasUnreadErrors: hasUnreadErrors)
    guard let line = try program.line(), let colon = line.lastIndex(of: ":"),
      line.hasPrefix("chat 127.0.0.1:"), let port = UInt16(line[line.index(after: colon)...])
    else { throw Failure("the server did not start: \(program.errors)") }
    self.port = port
  }

  /// `HOST:PORT`.
  package var address: String { "127.0.0.1:\(port)" }

  /// Connects a plain socket.
  package func connect() throws -> TestSocket { try TestSocket(self) }

  /// Connects somebody who enters the room: up to `Connected to server!`.
  package func join(_ nickname: String) throws -> TestSocket {
    let socket = try connect()
    try socket.expect("NICK")
    try socket.send("\(nickname)\n")
    try socket.expect("\(nickname) joined!")
    try socket.expect("Connected to server!")
    return socket
  }

  // MARK: What the system knows of it (proc(5))

  /// Resident memory in bytes.
  package var residentBytes: Int { 1_024 * status("VmRSS:") }

  /// The most resident memory it ever had, in bytes.
  package var peakResidentBytes: Int { 1_024 * status("VmHWM:") }

  /// How many threads it has.
  package var threads: Int { status("Threads:") }

  /// How many descriptors it has open.
  package var descriptors: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count) ?? 0
  }

  private func status(_ key: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(program.pid)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
