import Foundation

/// Node.js with its package `ws`: what many web chats are made of. It sends each message to all who are connected.
struct NodeSubject: Subject {
  static let plainName = "node ws"

  let name = plainName
  let program = "node"
  let echoes = true
  /// Where the package lies.
  private let package: URL

  /// - Returns: `nil` if Node.js or the package is not installed.
  init?() {
    guard RunningServer.path(of: program) != nil else { return nil }
    // What npm has put into this package's own build, and what Debian's node-ws has.
    let build = RunningServer.ownFolder.deletingLastPathComponent().deletingLastPathComponent()
    let found = [
      build.appendingPathComponent("node/node_modules/ws"),
      URL(fileURLWithPath: "/usr/share/nodejs/ws"),
    ].first {
      FileManager.default.fileExists(atPath: $0.appendingPathComponent("package.json").path)
    }
    guard let found else { return nil }
    package = found
  }

  /// The broadcast of the package's README.
  private static let script = """
    const { WebSocket, WebSocketServer } = require(process.argv[3]);
    const server = new WebSocketServer({
      host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false,
    });
    server.on('connection', (socket) => {
      socket.on('error', console.error);
      socket.on('message', (data, isBinary) => {
        for (const client of server.clients) {
          if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
        }
      });
    });

    """

  func arguments(port: UInt16, folder: URL) throws -> [String] {
    let file = folder.appendingPathComponent("broadcast.js")
    try Self.script.write(to: file, atomically: true, encoding: .utf8)
    return [file.path, "\(port)", package.path]
  }

  func connect(to port: UInt16) throws -> LineConnection {
    let connection = try LineConnection(port: port)
    try connection.startWebSocket()
    return connection
  }

  func begin(_ connection: LineConnection, name: String, room: String?) throws {}

  /// Who is connected is in.
  func enter(_ connection: LineConnection) throws {}

  func around(_ size: Int, room: String?) -> (before: [UInt8], after: [UInt8]) {
    (WebSocketClient.header(payloadBytes: size + 1), [UInt8(ascii: "\n")])
  }
}
