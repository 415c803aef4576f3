import ChatCrypto
import ChatHTTP
import ChatSystem
import ChatWebSocket

/// One connection whose messages are sent back.
///
/// Thread: its own.
struct Echo {
  /// Limit: of a message.
  private static let mostMessageBytes = 64 << 20

  private let socket: TCPTransport

  init(_ socket: TCPTransport) { self.socket = socket }

  /// Serves the connection until it is gone.
  func run() throws {
    guard var buffer = try begin() else { return }
    var reader = FrameReader(mostMessageBytes: Self.mostMessageBytes, allowsBinary: true)
    var message: [UInt8] = []
    do {
      while true {
        var position = 0
        let end = buffer.count
        var space = buffer.mutableSpan
        while let event = try reader.next(in: &space, from: &position, to: end) {
          switch event {
          case .payload(let part): for index in part { message.append(space[index]) }
          case .messageEnd(let isText):
            try send(isText ? .text : .binary, message)
            message = []
          case .ping(let payload): try socket.sendAll(FrameHeader.controlFrame(.pong, payload))
          case .pong, .emptyFrame: break
          case .close(let code): return try close(code ?? .normal)
          }
        }
        guard let next = try receive() else { return }
        buffer = next
      }
    } catch let violation as FrameReader.Violation {
      try close(violation.code)
    }
  }

  /// Answers the request.
  ///
  /// - Returns: what came behind it; `nil` if it is none.
  private func begin() throws -> [UInt8]? {
    var parser = RequestHeadParser()
    while let bytes = try receive() {
      switch parser.feed(bytes.span) {
      case .needMore: continue
      case .refused: return nil
      case .head(let head, let consumed):
        let digest = try SHA1.digest(of: WebSocketRequest(head).acceptSource)
        var answer = ResponseHead(.switchingProtocols)
        answer[.upgrade] = "websocket"
        answer[.secWebSocketAccept] = ResponseHead.Value(Base64.encoded(digest))
        try socket.sendAll(
          answer.encoded(
            contentLength: nil, date: HTTPDate(seconds: WallClock.milliseconds / 1_000),
            version: .http11, keepsAlive: true))
        return Array(bytes[consumed...])
      }
    }
    return nil
  }

  private func receive() throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = try socket.receive(into: &buffer)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private func send(_ opcode: FrameHeader.Opcode, _ message: [UInt8]) throws {
    var header = [UInt8](repeating: 0, count: FrameHeader.mostBytes)
    var space = header.mutableSpan
    let count = FrameHeader(opcode, payloadBytes: message.count).encode(into: &space)
    try socket.sendAll(Array(header[..<count]) + message)
  }

  /// Says the end, and drops what still comes: closing a socket that has unread input resets the connection.
  private func close(_ code: CloseCode) throws {
    try socket.sendAll(FrameHeader.closeFrame(code))
    socket.shutdownWriting()
    while try receive() != nil {}
  }
}
