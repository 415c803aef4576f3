import ChatSystem

/// An error while measuring.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A connection that is used line by line, for a handshake. Thread: one at a time.
final class LineConnection {
  let stream: TCPTransport
  private var received: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 16_384)

  init(port: UInt16) throws {
    stream = try TCPTransport.connect(to: Address(host: "127.0.0.1", port: port))
  }

  /// Bytes that were received and not taken as a line.
  var rest: [UInt8] { received }

  func send(_ text: String) throws { try stream.sendAll(Array(text.utf8)) }

  /// Takes lines until one matches.
  func wait(until isIt: (String) throws -> Bool) throws {
    while true {
      while let line = nextLine() { if try isIt(line) { return } }
      guard try stream.waitUntilReadable(for: .seconds(20)) else {
        throw BenchError("no answer in the handshake")
      }
      let count = try stream.receive(into: &buffer)
      guard count > 0 else { throw BenchError("closed in the handshake") }
      received.append(contentsOf: buffer[..<count])
    }
  }

  /// Takes the lines that have arrived, without waiting.
  func takeReady(_ body: (String) throws -> Void) throws {
    receiving: while true {
      switch try stream.receiveIfReady(into: &buffer) {
      case .bytes(let count): received.append(contentsOf: buffer[..<count])
      case .end: throw BenchError("closed a connection")
      case .wouldBlock: break receiving
      }
    }
    while let line = nextLine() { try body(line) }
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
