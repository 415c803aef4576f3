import ChatSystem
import ChatTLS
import Foundation

/// A program that is started, and listens.
protocol ServerProgram: Sendable {
  /// Its name in the table.
  var name: String { get }
  /// The program that has to be installed.
  var program: String { get }

  /// The arguments that start it in the foreground. Its configuration is written into `folder`.
  func arguments(port: UInt16, folder: URL) throws -> [String]
}

extension ServerProgram {
  /// Makes a key and a certificate of the same kind as chat-server makes for itself.
  func makeCertificate(in folder: URL) throws -> (certificate: FilePath, key: FilePath) {
    let path = FilePath(folder.path)
    _ = try OwnCertificate(in: path, names: ["localhost"], addresses: ["127.0.0.1"])
    return (path.appending(OwnCertificate.certificateName), path.appending(OwnCertificate.keyName))
  }
}

/// A server to be measured: how it starts, how a client enters its room, and what a message looks like.
protocol Subject: ServerProgram {
  /// Whether a sender receives its own messages.
  var echoes: Bool { get }
  /// Each read that it forwards begins with its author's name, `<user4> `, wherever a text is cut: bytes per
  /// text vary.
  var hasAuthors: Bool { get }
  /// How long a line is that it may send on its own, now and then; 0 if it sends none.
  var unaskedBytes: Int { get }
  /// Whether it has more rooms than one.
  var hasRooms: Bool { get }
  /// The longest text it takes.
  var longestText: Int { get }
  /// How many clients it can have.
  var mostClients: Int { get }

  /// Connects to it, and agrees on TLS where it is to.
  func connect(to port: UInt16) throws -> LineConnection

  /// Sends the handshake's lines that need no answer on a new connection. Many are started before the first is in.
  ///
  /// - Parameter room: where to; `nil` where everyone is in one room.
  func begin(_ connection: LineConnection, name: String, room: String?) throws

  /// Goes on with a connection that was begun, where entering takes two steps.
  func proceed(_ connection: LineConnection, room: String?) throws

  /// Takes a connection that was begun into the room.
  func enter(_ connection: LineConnection) throws

  /// What goes before and after a text of so many bytes.
  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8])
}

extension Subject {
  var hasAuthors: Bool { false }
  var unaskedBytes: Int { 0 }
  var hasRooms: Bool { false }
  var longestText: Int { .max }
  var mostClients: Int { .max }

  func connect(to port: UInt16) throws -> LineConnection { try LineConnection(port: port) }

  func proceed(_ connection: LineConnection, room: String?) throws {}

  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8]) {
    ([], [UInt8(ascii: "\n")])
  }
}

/// This project's server, with its defaults but no limit on lines.
struct ChatServerSubject: Subject {
  /// The name by which the others are compared to it.
  static let plainName = "chat-server"

  /// Whether it keeps a history.
  let hasHistory: Bool
  /// Whether each line is on the disk before anyone is sent it.
  let isDurable: Bool
  /// Where its clients speak TLS: whom they trust.
  let trust: TLSTrust?
  /// Whether its clients speak WebSocket.
  let isWebSocket: Bool
  var name: String {
    ([Self.plainName] + flags).joined(separator: " ") + (trust == nil ? "" : ", TLS")
      + (isWebSocket ? ", WebSocket" : "")
  }
  let program = "chat-server"
  let echoes = true
  let hasRooms = true
  let longestText = 8_191

  /// The largest file it takes; `nil` for its default.
  let maxFile: String?

  init(
    hasHistory: Bool = true, isDurable: Bool = false, maxFile: String? = nil,
    trust: TLSTrust? = nil, isWebSocket: Bool = false
  ) {
    self.hasHistory = hasHistory
    self.isDurable = isDurable
    self.maxFile = maxFile
    self.trust = trust
    self.isWebSocket = isWebSocket
  }

  private var flags: [String] {
    (hasHistory ? [] : ["--no-history"]) + (isDurable ? ["--durable"] : [])
  }

  func arguments(port: UInt16, folder: URL) -> [String] {
    [
      "--port", "\(port)", "--rate", "0", "--log-level", "error",
      "--data", folder.path,
    ] + flags + (maxFile.map { ["--max-file", $0] } ?? [])
  }

  func connect(to port: UInt16) throws -> LineConnection {
    let connection = try LineConnection(port: port)
    if let trust { try connection.startTLS(trust) }
    if isWebSocket { try connection.startWebSocket() }
    return connection
  }

  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8]) {
    // Each text is a message.
    let header = isWebSocket ? WebSocketClient.header(payloadBytes: size + 1) : []
    return (header, [UInt8(ascii: "\n")])
  }

  func begin(_ connection: LineConnection, name: String, room: String?) throws {
    let going = room.map { "[ROOM]:#\($0)\n" } ?? ""
    try connection.send("\(going)\(name)\n")
  }

  func enter(_ connection: LineConnection) throws {
    try connection.wait {
      // A client that is refused one room would enter another.
      if $0.hasPrefix("[ERROR]:") { throw BenchError("answered '\($0)'") }
      return $0 == "Connected to server!"
    }
  }
}

/// The textbook: a thread per client, each sends to everyone under a lock.
struct TextbookSubject: Subject {
  let name = "textbook Python"
  let program = "python3"
  let echoes = true

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

  func begin(_ connection: LineConnection, name: String, room: String?) throws {
    try connection.send("\(name)\n")
  }

  func enter(_ connection: LineConnection) throws {
    try connection.wait { $0 == "Connected to server!" }
  }
}

/// Nmap's netcat: it forwards what it reads, with the author's number before each read.
struct NcatSubject: Subject {
  let name = "ncat --chat"
  let program = "ncat"
  let echoes = false
  let hasAuthors = true
  /// It waits with select(2), which knows 1,024 descriptors.
  let mostClients = 1_010

  func arguments(port: UInt16, folder: URL) -> [String] {
    ["--chat", "-l", "127.0.0.1", "\(port)", "--max-conns", "1015"]
  }

  func begin(_ connection: LineConnection, name: String, room: String?) throws {}

  func enter(_ connection: LineConnection) throws {
    try connection.wait { $0.contains(" is connected as ") }
  }
}

/// NATS: a subject is the room.
struct NatsSubject: Subject {
  var name: String { trust == nil ? program : program + ", TLS" }
  let program = "nats-server"
  let echoes = true
  let hasRooms = true
  /// It sends a `PING` two seconds after a client came, and every two minutes; two may stay unanswered.
  let unaskedBytes = "PING\r\n".utf8.count

  /// Where its clients speak TLS: whom they trust.
  var trust: TLSTrust?

  func arguments(port: UInt16, folder: URL) throws -> [String] {
    let address = ["-a", "127.0.0.1", "-p", "\(port)"]
    guard trust != nil else { return address }
    let (certificate, key) = try makeCertificate(in: folder)
    return address + ["--tls", "--tlscert", "\(certificate)", "--tlskey", "\(key)"]
  }

  func connect(to port: UInt16) throws -> LineConnection {
    let connection = try LineConnection(port: port)
    if let trust {
      // It says what it is before it agrees on TLS.
      try connection.wait { $0.hasPrefix("INFO ") }
      try connection.startTLS(trust)
    }
    return connection
  }

  func begin(_ connection: LineConnection, name: String, room: String?) throws {
    try connection.send(
      "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB \(room ?? "room") 1\r\nPING\r\n")
  }

  func enter(_ connection: LineConnection) throws { try connection.wait { $0 == "PONG" } }

  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8]) {
    (Array("PUB \(room ?? "room") \(size)\r\n".utf8), Array("\r\n".utf8))
  }
}

/// An IRC server.
struct IRCSubject: Subject {
  let name: String
  var program: String { name }
  let echoes = false
  let hasRooms = true
  /// A line has 512 bytes, of which the server needs some (RFC 2812, 2.3).
  let longestText = 400

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

  func begin(_ connection: LineConnection, name: String, room: String?) throws {
    try connection.send("NICK \(name)\r\nUSER \(name) 0 * :\(name)\r\n")
  }

  func proceed(_ connection: LineConnection, room: String?) throws {
    try connection.wait {
      if $0.hasPrefix("PING") { try connection.send("PONG\($0.dropFirst(4))\r\n") }
      return $0.contains(" 376 ") || $0.contains(" 422 ")
    }
    try connection.send("JOIN #\(room ?? "room")\r\n")
  }

  func enter(_ connection: LineConnection) throws {
    try connection.wait { $0.contains(" 366 ") }
  }

  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8]) {
    (Array("PRIVMSG #\(room ?? "room") :".utf8), Array("\r\n".utf8))
  }
}
