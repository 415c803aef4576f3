import ChatSystem

/// A connection of WebSocket that a test speaks and listens through, message by message.
///
/// Thread: one at a time.
package final class TestWebSocket {
  /// What a server sends.
  package enum Message: Equatable {
    case text(String)
    case pong([UInt8])
    case close(UInt16)
  }

  /// What it goes over.
  package let socket: TestSocket
  /// Lines of messages that were received and not taken.
  private var lines: [String] = []

  /// Asks a server for a WebSocket.
  ///
  /// - Throws: `Failure` if it does not switch.
  package init(_ server: TestServer, _ fields: [String] = []) throws {
    socket = try TestSocket(server)
    try socket.request("GET", "/ws", Self.fields + fields)
    let reply = try socket.replyHead()
    guard reply.status == 101 else { throw Failure("no WebSocket: \(reply.status)") }
  }

  /// What every request for a WebSocket has.
  package static let fields = [
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]

  /// Sends a message.
  package func send(_ text: String) throws { try send(frame: 0x81, Array(text.utf8)) }

  /// Sends a frame.
  package func send(frame first: UInt8, _ payload: [UInt8]) throws {
    let mask: [UInt8] = [0x11, 0x22, 0x33, 0x44]
    var bytes = [first]
    switch payload.count {
    case ..<126: bytes.append(0x80 | UInt8(payload.count))
    case ..<65_536:
      bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
    default:
      bytes.append(0x80 | 127)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    try socket.send(bytes: bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] })
  }

  /// The next message, or control frame.
  package func message() throws -> Message {
    var text: [UInt8] = []
    while true {
      let head = try socket.bytes(2)
      guard head[1] & 0x80 == 0 else { throw Failure("a server masks nothing") }
      var length = Int(head[1])
      if length >= 126 {
        length = try socket.bytes(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
      }
      let payload = try socket.bytes(length)
      switch head[0] {
      case 0x8A: return .pong(payload)
      case 0x88: return .close(payload.prefix(2).reduce(0) { $0 << 8 | UInt16($1) })
      case 0x81, 0x80, 0x01, 0x00:
        text += payload
        guard head[0] & 0x80 != 0 else { continue }
        guard let message = String(validating: text, as: UTF8.self) else {
          throw Failure("a text message that is no UTF-8")
        }
        return .text(message)
      default: throw Failure("a frame that begins with \(head[0])")
      }
    }
  }

  /// The next line without its LF; `nil` once the server has ended the connection.
  package func line() throws -> String? {
    while lines.isEmpty {
      switch try message() {
      case .text(let text):
        guard text.hasSuffix("\n") else { throw Failure("a message ends within a line") }
        lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
          .map { String($0) }
      case .close: return nil
      case .pong: break
      }
    }
    return lines.removeFirst()
  }

  /// Takes the next line, which has to be this one.
  package func expect(_ expected: String) throws {
    let line = try line()
    guard line == expected else {
      throw Failure("expected '\(expected)', got \(line.map { "'\($0)'" } ?? "the end")")
    }
  }

  /// Enters a room under a nickname.
  package func join(_ nickname: String, room: String = "lobby") throws {
    try expect("NICK")
    try send("[HELLO]:1\n[ROOM]:\(room)\n\(nickname)")
    while try line() != "Connected to server!" {}
  }
}
