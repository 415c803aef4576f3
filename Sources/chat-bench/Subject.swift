import ChatSystem
import Foundation

/// A server to be measured: how it starts, how one enters its room, and what a message looks like.
protocol Subject: Sendable {
  /// As the table has it.
  var name: String { get }
  /// The program that has to be installed.
  var program: String { get }
  /// Whether whoever says something hears it too.
  var echoes: Bool { get }
  /// How many LFs a message that arrives has.
  var linesPerMessage: Int { get }

  /// The arguments that start it in the foreground; what it needs is written into `folder`.
  func arguments(port: UInt16, folder: URL) throws -> [String]

  /// Says what can be said at once on a fresh connection; many are begun before the first is in.
  func begin(_ connection: LineConnection, name: String) throws

  /// Goes on with a connection that was begun, where entering takes two steps.
  func proceed(_ connection: LineConnection) throws

  /// Takes a connection that was begun into the room.
  func enter(_ connection: LineConnection) throws

  /// The bytes that say a text.
  func encode(_ text: [UInt8]) -> [UInt8]
}

extension Subject {
  func proceed(_ connection: LineConnection) throws {}
}

/// This project's server, with its defaults but no limit on lines.
struct ChatServerSubject: Subject {
  let name = "chat-server"
  let program = "chat-server"
  let echoes = true
  let linesPerMessage = 1

  func arguments(port: UInt16, folder: URL) -> [String] {
    ["--port", "\(port)", "--rate", "0", "--log-level", "error", "--data", folder.path]
  }

  func begin(_ connection: LineConnection, name: String) throws {
    try connection.send("\(name)\n")
  }

  func enter(_ connection: LineConnection) throws {
    try connection.wait { $0 == "Connected to server!" }
  }

  func encode(_ text: [UInt8]) -> [UInt8] { text + [UInt8(ascii: "\n")] }
}

/// The textbook: a thread per client, each sends to everyone under a lock.
struct TextbookSubject: Subject {
  let name = "textbook Python"
  let program = "python3"
  let echoes = true
  let linesPerMessage = 1

  /// As a first course has it, within forty lines.
  private static let source = """
    import socket, sys, threading

    clients, lock = {}, threading.Lock()

    def broadcast(data):
        with lock:
            for connection in list(clients):
                try:
                    connection.sendall(data)
                except OSError:
                    clients.pop(connection, None)

    def serve(connection):
        lines = connection.makefile("rb")
        connection.sendall(b"NICK\\n")
        name = lines.readline().strip()
        with lock:
            clients[connection] = name
        broadcast(name + b" joined!\\n")
        connection.sendall(b"Connected to server!\\n")
        for line in lines:
            broadcast(name + b": " + line)
        with lock:
            clients.pop(connection, None)
        broadcast(name + b" left!\\n")
        connection.close()

    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(sys.argv[1])))
    server.listen(1000)
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
    """

  func arguments(port: UInt16, folder: URL) throws -> [String] {
    let file = folder.appendingPathComponent("textbook.py")
    try Self.source.write(to: file, atomically: true, encoding: .utf8)
    return [file.path, "\(port)"]
  }

  func begin(_ connection: LineConnection, name: String) throws {
    try ChatServerSubject().begin(connection, name: name)
  }

  func enter(_ connection: LineConnection) throws { try ChatServerSubject().enter(connection) }

  func encode(_ text: [UInt8]) -> [UInt8] { text + [UInt8(ascii: "\n")] }
}

/// NATS: a subject is the room.
struct NatsSubject: Subject {
  let name = "nats-server"
  let program = "nats-server"
  let echoes = true
  let linesPerMessage = 2

  func arguments(port: UInt16, folder: URL) -> [String] { ["-a", "127.0.0.1", "-p", "\(port)"] }

  func begin(_ connection: LineConnection, name: String) throws {
    try connection.send("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB room 1\r\nPING\r\n")
  }

  func enter(_ connection: LineConnection) throws { try connection.wait { $0 == "PONG" } }

  func encode(_ text: [UInt8]) -> [UInt8] {
    Array("PUB room \(text.count)\r\n".utf8) + text + Array("\r\n".utf8)
  }
}

/// An IRC server.
struct IRCSubject: Subject {
  let name: String
  var program: String { name }
  let echoes = false
  let linesPerMessage = 1

  func arguments(port: UInt16, folder: URL) throws -> [String] {
    let file = folder.appendingPathComponent("\(name).conf")
    let isInspircd = name == "inspircd"
    let text = isInspircd ? Self.inspircd(port, folder) : Self.ngircd(port)
    try text.write(to: file, atomically: true, encoding: .utf8)
    return isInspircd
      ? ["--nofork", "--runasroot", "--config=\(file.path)"] : ["-n", "-f", file.path]
  }

  /// Flood limits lifted, no look-ups of names.
  private static func inspircd(_ port: UInt16, _ folder: URL) -> String {
    """
    <server name="irc.bench.test" description="bench" network="bench">
    <admin name="bench" nick="bench" email="bench@bench.test">
    <bind address="127.0.0.1" port="\(port)" type="clients">
    <connect name="all" allow="*" timeout="60" pingfreq="600" hardsendq="1073741824"
      softsendq="1073741824" recvq="1048576" threshold="1000000" commandrate="1000000000"
      fakelag="no" globalmax="100000" localmax="100000" maxchans="10" resolvehostnames="no"
      useident="no" limit="100000">
    <performance netbuffersize="65534" somaxconn="4096" softlimit="100000">
    <options defaultmodes="n">
    <files motd="/dev/null">
    <path configdir="\(folder.path)" datadir="\(folder.path)" logdir="\(folder.path)">
    <pid file="\(folder.path)/inspircd.pid">
    """
  }

  private static func ngircd(_ port: UInt16) -> String {
    """
    [Global]
      Name = irc.bench.test
      Info = bench
      Listen = 127.0.0.1
      Ports = \(port)
      MotdPhrase = bench
      ServerUID = root
      ServerGID = root
    [Limits]
      MaxConnections = 0
      MaxConnectionsIP = 0
      MaxJoins = 0
      MaxPenaltyTime = 0
      PingTimeout = 600
    [Options]
      DNS = no
      Ident = no
      PAM = no
    """
  }

  func begin(_ connection: LineConnection, name: String) throws {
    try connection.send("NICK \(name)\r\nUSER \(name) 0 * :\(name)\r\n")
  }

  func proceed(_ connection: LineConnection) throws {
    try connection.wait {
      if $0.hasPrefix("PING") { try connection.send("PONG\($0.dropFirst(4))\r\n") }
      return $0.contains(" 376 ") || $0.contains(" 422 ")
    }
    try connection.send("JOIN #room\r\n")
  }

  func enter(_ connection: LineConnection) throws {
    try connection.wait { $0.contains(" 366 ") }
  }

  func encode(_ text: [UInt8]) -> [UInt8] {
    Array("PRIVMSG #room :".utf8) + text + Array("\r\n".utf8)
  }
}
