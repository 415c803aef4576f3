import Foundation

/// The real chat-server on a free port of 127.0.0.1.
package final class TestServer {
  package let program: Program
  package let port: UInt16
  /// Where its history is.
  package let data: TestFolder

  /// Starts one and waits until it listens.
  ///
  /// - Parameters:
  ///   - arguments: more of them.
  ///   - data: where its history is; a new folder if there is none.
  ///   - port: where it listens: 0 for any free one.
  ///   - hasUnreadErrors: nobody reads its standard error.
  package convenience init(
    _ arguments: String..., data: TestFolder? = nil, port: UInt16 = 0,
    hasUnreadErrors: Bool = false
  ) throws {
    try self.init(
      arguments: arguments, data: data, port: port, hasUnreadErrors: hasUnreadErrors)
  }

  /// The same, with the arguments in a list.
  package init(
    arguments: [String], data: TestFolder? = nil, port: UInt16 = 0, hasUnreadErrors: Bool = false
  ) throws {
    let data = try data ?? TestFolder()
    self.data = data
    program = try Program(
      "chat-server",
      ["--port", "\(port)", "--data", data.path] + arguments,
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

  /// The same for a version 1 client, as soon as the nickname is free.
  package func joinSpeaking(_ nickname: String, room: String? = nil) throws -> TestSocket {
    var joined: TestSocket?
    try eventually("\(nickname) is free") {
      let socket = try connect()
      try socket.send("[HELLO]:1\n\(room.map { "[ROOM]:\($0)\n" } ?? "")\(nickname)\n")
      while let line = try socket.line() {
        if line == "Connected to server!" {
          joined = socket
          return true
        }
        if line.hasSuffix("\tcode=nick-in-use") { return false }
        if line.hasPrefix("[ERROR]") { throw Failure(line) }
      }
      throw Failure("the end")
    }
    guard let joined else { throw Failure("nobody joined") }
    return joined
  }

  /// Waits until the index of words holds all that the history does.
  package func waitUntilIndexed() throws {
    let query = """
      ATTACH '\(data.path)/search.db' AS search;
      SELECT last_group = (SELECT max(id) FROM groups) FROM search.progress;
      """
    try eventually("the index is complete") {
      let database = try Program("sqlite3", ["\(data.path)/history.db", query])
      return try database.rest() == "1\n"
    }
  }

  // MARK: What the system knows of it (proc(5))

  /// Resident memory in bytes.
  package var residentBytes: Int { 1_024 * status("VmRSS:") }

  /// Address space in bytes: what `prlimit --as` limits.
  package var addressSpaceBytes: Int { 1_024 * status("VmSize:") }

  /// The most resident memory it ever had, in bytes.
  package var peakResidentBytes: Int { 1_024 * status("VmHWM:") }

  /// How much time it has had of the processors, in seconds (proc(5), utime and stime).
  package var processorSeconds: Double {
    let text = (try? String(contentsOfFile: "/proc/\(program.pid)/stat", encoding: .utf8)) ?? ""
    // The program's name before may hold anything.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(CInt(_SC_CLK_TCK)))
  }

  /// How many threads it has, but for Dispatch's own, which come and go.
  package var threads: Int {
    let tasks = "/proc/\(program.pid)/task"
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return numbers.count { number in
      guard let name = try? String(contentsOfFile: "\(tasks)/\(number)/comm", encoding: .utf8)
      else { return false }
      return !name.contains("qos")
    }
  }

  /// How many descriptors it has open.
  package var descriptors: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count) ?? 0
  }

  /// How many bytes it has written to files, or sent of files, since it started (proc(5), wchar).
  package var writtenBytes: Int { status("wchar:", in: "io") }

  private func status(_ key: String, in file: String = "status") -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(program.pid)/\(file)", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
