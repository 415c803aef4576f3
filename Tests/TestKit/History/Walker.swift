import ChatSystem

/// A version 1 client that goes from room to room, counts the lines it receives, and notes them in a ledger.
///
/// Thread: one at a time.
package final class Walker {
  /// The connection has ended.
  package struct End: Error {}

  /// What came.
  package enum Received: Equatable {
    /// A line of the room's stream.
    case line(String)
    /// It is in another room now.
    case moved
    /// The server has something to say.
    case notice(String)
    /// Anything else.
    case other(String)
  }

  package let nickname: String
  /// The room it is in.
  package private(set) var room: String
  /// The number of the last line that it received there.
  package private(set) var last: UInt64 = 0
  /// What the server had to say.
  package private(set) var notices: [String] = []

  private let ledger: Ledger
  private let socket: TestSocket
  /// It has asked for another room, and not come there.
  private var isMoving = false
  /// Its own join there, whose number comes next.
  private var hasJoined = false

  /// Connects somebody who enters a room.
  package convenience init(
    _ server: TestServer, as nickname: String, room: String = "lobby", ledger: Ledger
  ) throws {
    try self.init(TestSocket(server), as: nickname, room: room, ledger: ledger)
  }

  /// Has somebody who is connected enter a room.
  package init(
    _ socket: TestSocket, as nickname: String, room: String, ledger: Ledger
  ) throws {
    (self.nickname, self.room, self.ledger, self.socket) = (nickname, room, ledger, socket)
    try send("[HELLO]:1\n[ROOM]:\(room)\n\(nickname)\n")
    var join: String?
    while let line = try nextLine() {
      if line == "Connected to server!" { return }
      if line == "\(nickname) joined!" {
        join = line
      } else if line.hasPrefix("[WELCOME]:1\t"), let join {
        try begin(join, line)
      } else if line != "NICK" {
        throw Failure("'\(line)' in the handshake of \(nickname)")
      }
    }
    throw End()
  }

  /// Takes what comes next.
  ///
  /// - Throws: `End`; `Failure` if it is an error, or nothing comes in time.
  @discardableResult
  package func receive(within seconds: Double = 60) throws -> Received {
    guard let line = try nextLine(within: seconds) else { throw End() }
    if line == "Bye!" { return .other(line) }
    guard line.hasPrefix("[") else {
      if isMoving, line == "\(nickname) joined!" {
        hasJoined = true
      } else {
        last += 1
        ledger.note(line, number: last, in: room)
      }
      return .line(line)
    }
    if line.hasPrefix("[ROOM]:"), hasJoined {
      room = String(line.dropFirst("[ROOM]:".count).prefix { $0 != "\t" })
      try begin("\(nickname) joined!", line)
      (isMoving, hasJoined) = (false, false)
      return .moved
    }
    if line.hasPrefix("[ERROR]") { throw Failure("\(nickname) got \(line)") }
    guard line.hasPrefix("[NOTICE]:") else { return .other(line) }
    notices.append(String(line.dropFirst("[NOTICE]:".count)))
    return .notice(String(line.dropFirst("[NOTICE]:".count)))
  }

  /// Says something.
  package func say(_ text: String) throws { try send("\(text)\n") }

  /// Says texts, and takes everything up to the last of them.
  package func talk(_ texts: [String], within seconds: Double = 60) throws {
    guard let last = texts.last else { return }
    try send(texts.map { "\($0)\n" }.joined())
    while try receive(within: seconds) != .line("\(nickname): \(last)") {}
  }

  /// Goes to a room, or to a new private one.
  package func go(to room: String?) throws {
    guard room != self.room else { return }
    isMoving = true
    try send(room.map { "[ROOM]:\($0)\n" } ?? "[NEWROOM]:\n")
    while try receive() != .moved {}
  }

  /// Leaves, and waits until that is known.
  package func leave() throws {
    try send("[QUIT]:\n")
    while true {
      do { try receive() } catch is End { return }
    }
  }

  /// Sends a file whole, and takes everything up to the offer that tells of it.
  package func upload(_ file: FileScript) throws {
    let id: String
    do {
      id = try Self.map { try socket.sendFile(file.name, file.bytes) }
    } catch is ConnectionError {
      throw End()
    } catch let failure as Failure where failure.description.hasPrefix("401") {
      // The server is gone, and another one has its port.
      throw End()
    }
    while true {
      if case .other(let line) = try receive(), TestSocket.id(inOffer: line) == id { return }
    }
  }

  /// Fetches a file.
  package func download(_ id: String) throws -> [UInt8] { try socket.download(id) }

  /// Asks about the past, such as `[HISTORY]:10`.
  package func ask(_ question: String, within seconds: Double = 60) throws -> [KeptLine] {
    try send("\(question)\n")
    var lines: [KeptLine] = []
    while true {
      guard case .other(let line) = try receive(within: seconds) else { continue }
      if line == KeptLine.pastEnd { return lines }
      if let kept = KeptLine(past: line) { lines.append(kept) }
    }
  }

  /// Asks for the whole past after a number, a thousand lines at a time.
  package func askForAll(since first: UInt64 = 0, within seconds: Double = 60) throws -> [KeptLine]
  {
    var lines: [KeptLine] = []
    while true {
      let answer = try ask(
        "[HISTORY]:1000\tsince=\(lines.last?.number ?? first)", within: seconds)
      if answer.isEmpty { return lines }
      lines += answer
    }
  }

  /// A room's stream begins with its own join, whose number the server tells.
  private func begin(_ join: String, _ line: String) throws {
    let field = line.split(separator: "\t").first { $0.hasPrefix("seq=") }
    guard let number = field.flatMap({ UInt64($0.dropFirst("seq=".count)) }) else {
      throw Failure("no seq= in '\(line)'")
    }
    last = number
    ledger.note(join, number: number, in: room)
  }

  private func send(_ text: String) throws { try Self.map { try socket.send(text) } }

  private func nextLine(within seconds: Double = 60) throws -> String? {
    try Self.map { try socket.line(within: seconds) }
  }

  /// A connection that breaks has ended.
  private static func map<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch is SystemError { throw End() }
  }
}
