import ChatCrypto
import ChatSystem
import Foundation

/// The least that a client has to do with files: it sends one, or saves those it is offered, checked. A process of
/// its own, with flags and output as `chat-client` has them.
enum PlainClient {
  /// The flag that makes this program such a client; for itself, not for people.
  static let flag = "--plain-client"

  private static let frameBytes = 65_536

  /// Does what the process does that was started with these arguments.
  static func run(_ arguments: [String]) throws {
    let flags = Dictionary(
      stride(from: 1, to: arguments.count - 1, by: 2).map { (arguments[$0], arguments[$0 + 1]) },
      uniquingKeysWith: { $1 })
    guard let place = arguments.first, let port = UInt16(place.split(separator: ":").last ?? ""),
      let nickname = flags["--nick"]
    else { throw BenchError("\(flag) HOST:PORT --nick NAME") }
    ChatSystem.Process.ignoreBrokenPipes()
    let connection = try LineConnection(port: port)
    try connection.send("[HELLO]:1\n\(nickname)\n")
    if let path = flags["--send"] {
      try send(URL(fileURLWithPath: path), connection)
    } else {
      try PlainReceiver(
        connection.stream, folder: URL(fileURLWithPath: flags["--downloads"] ?? ".")
      ).run()
    }
  }

  // MARK: Sending

  private static func send(_ url: URL, _ connection: LineConnection) throws {
    try connection.wait { $0 == "Connected to server!" }
    let digest = try SourceFile.digest(of: url).hex
    let file = try FileHandle(forReadingFrom: url)
    let size = Int(try file.seekToEnd())
    let name = url.lastPathComponent
    try connection.send("[FILE]:\(name)\tid=1\tsize=\(size)\tsha256=\(digest)\n")
    for offset in stride(from: 0, to: size, by: frameBytes) {
      let count = min(frameBytes, size - offset)
      try connection.stream.sendAllAndMore(Array("[DATA]:1\tsize=\(count)\n".utf8))
      try connection.stream.sendFile(
        file.fileDescriptor, from: UInt64(offset), count: count)
      // The room's lines wait here otherwise, and in the end the room for them.
      try connection.takeReady { try fail($0) }
    }
    try connection.send("<END>\tid=1\n")
    try connection.wait {
      try fail($0)
      return $0.hasPrefix("[FILE]:\(name)\t") && $0.contains("\tfrom=")
    }
  }

  private static func fail(_ line: String) throws {
    if line.hasPrefix("[ERROR]:") { throw BenchError(line) }
  }
}
