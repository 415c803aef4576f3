import ChatSystem
import ChatTLS

/// An error while measuring.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// What carries the bytes of a connection of the load.
protocol LoadTransport: Transport {
  /// Sends all of the bytes, waiting as long as it takes.
  func sendAll(_ bytes: Span<UInt8>) throws(SystemError)
}

extension TCPTransport: LoadTransport {}
extension TLSTransport: LoadTransport {}

/// A connection that is used line by line, for a handshake. Thread: one at a time.
final class LineConnection {
  /// The socket, or TLS over it.
  private(set) var stream: any LoadTransport
  private let socket: TCPTransport
  /// Takes the frames off what comes, over WebSocket.
  private(set) var frames: FrameSkipper?
  private var received: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 16_384)

  init(port: UInt16) throws {
    socket = try TCPTransport.connect(to: Address(host: "127.0.0.1", port: port))
    stream = socket
  }

  /// Goes on with TLS. The server's key is not compared with anything: nobody else is on 127.0.0.1.
  func startTLS(_ trust: TLSTrust) throws {
    guard received.isEmpty else { throw BenchError("said more than was expected before TLS") }
    stream = try TLSTransport.connect(
      socket, to: "127.0.0.1", trusting: trust, until: .now + .seconds(20)
    ).transport
  }

  /// Goes on with WebSocket.
  func startWebSocket() throws {
    try send(WebSocketClient.request)
    var (status, isAccepted) = ("", false)
    try wait {
      if status.isEmpty { status = $0 }
      if $0.lowercased() == WebSocketClient.accepted { isAccepted = true }
      return $0.isEmpty
    }
    guard status.hasPrefix("HTTP/1.1 101 "), isAccepted else {
      throw BenchError("the WebSocket is answered with '\(status)'")
    }
    frames = FrameSkipper()
    let behind = received
    received = []
    try behind.withUnsafeBytes { try take($0) }
  }

  /// Has the system send each part at once.
  func sendAtOnce() { socket.sendAtOnce() }

  /// Bytes of lines that were received and not taken as a line.
  var rest: [UInt8] { received }

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    let header = frames == nil ? [] : WebSocketClient.header(payloadBytes: bytes.count)
    try stream.sendAll((header + bytes).span)
  }

  /// Takes lines until one matches.
  func wait(until isIt: (String) throws -> Bool) throws {
    while true {
      while let line = nextLine() { if try isIt(line) { return } }
      guard try stream.waitUntilReadable(for: .seconds(20)) else {
        throw BenchError("no answer in the handshake")
      }
      switch try stream.receiveIfReady(into: &buffer) {
      case .bytes(let count): try take(count)
      case .end: throw BenchError("closed in the handshake")
      case .wouldBlock: continue
      }
    }
  }

  /// Takes the lines that have arrived, without waiting.
  func takeReady(_ body: (String) throws -> Void) throws {
    receiving: while true {
      switch try stream.receiveIfReady(into: &buffer) {
      case .bytes(let count): try take(count)
      case .end: throw BenchError("closed a connection")
      case .wouldBlock: break receiving
      }
    }
    while let line = nextLine() { try body(line) }
  }

  private func take(_ count: Int) throws {
    try buffer.withUnsafeBytes { try take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// Takes what has come, without its frames.
  private func take(_ bytes: UnsafeRawBufferPointer) throws {
    guard frames != nil else { return received.append(contentsOf: bytes) }
    var position = 0
    while let part = try frames?.next(in: bytes, from: &position) {
      received.append(contentsOf: bytes[part])
    }
  }

  /// Takes the next line that has arrived, without its end.
  private func nextLine() -> String? {
    guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    var line = String(decoding: received[..<end], as: UTF8.self)
    received.removeFirst(end + 1)
    if line.utf8.last == UInt8(ascii: "\r") { line.unicodeScalars.removeLast() }
    return line
  }
}
