package import ChatSystem
import Foundation

/// A plain TCP connection that a test speaks and listens through, line by line.
///
/// Thread: one at a time.
package final class TestSocket {
  package let stream: TCPTransport
  /// Where it is connected to.
  package let address: Address
  /// What proves by HTTP who it is, once it was welcomed.
  package private(set) var token: String?
  /// Lives as long as whoever talks to it.
  private let server: TestServer?
  private var received: [UInt8] = []
  /// How much of it has been taken.
  private var taken = 0
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// Connects to a server.
  package init(_ server: TestServer) throws {
    self.server = server
    address = Address(host: "127.0.0.1", port: server.port)
    stream = try TCPTransport.connect(to: address)
    stream.sendAtOnce()
  }

  /// Connects to a port of this machine.
  package init(port: UInt16, host: String = "127.0.0.1") throws {
    server = nil
    address = Address(host: host, port: port)
    stream = try TCPTransport.connect(to: address)
    stream.sendAtOnce()
  }

  /// Sends text.
  package func send(_ text: String) throws { try stream.sendAll(Array(text.utf8)) }

  /// Sends bytes.
  package func send(bytes: [UInt8]) throws { try stream.sendAll(bytes) }

  /// The next line without its LF; `nil` at the end of the stream.
  package func line(within seconds: Double = 20) throws -> String? {
    let line = try lineBytes(within: seconds).map { String(decoding: $0, as: UTF8.self) }
    if let line, line.hasPrefix("[WELCOME]:"), let start = line.firstRange(of: "\ttoken=") {
      token = line[start.upperBound...].split(separator: "\t").first.map { String($0) }
    }
    return line
  }

  /// The next line's bytes without the LF; `nil` at the end of the stream.
  package func lineBytes(within seconds: Double = 20) throws -> [UInt8]? {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      if let end = received[taken...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { taken = end + 1 }
        return Array(received[taken..<end])
      }
      received.removeFirst(taken)
      taken = 0
      let left = deadline.timeIntervalSinceNow
      guard left > 0, try stream.waitUntilReadable(for: .seconds(left)) else {
        throw Failure("nothing within \(seconds) s after \(received.count) bytes of a line")
      }
      let count = try stream.receive(into: &buffer)
      if count == 0 { return nil }
      received.append(contentsOf: buffer[..<count])
    }
  }

  /// The next bytes, whatever they are: so many of them.
  package func bytes(_ count: Int, within seconds: Double = 20) throws -> [UInt8] {
    var bytes = Array(received[taken...].prefix(count))
    taken += bytes.count
    while bytes.count < count {
      guard try stream.waitUntilReadable(for: .seconds(seconds)) else {
        throw Failure("only \(bytes.count) of \(count) bytes within \(seconds) s")
      }
      let read = try stream.receive(into: &buffer)
      if read == 0 { throw Failure("the end after \(bytes.count) of \(count) bytes") }
      let wanted = min(read, count - bytes.count)
      bytes.append(contentsOf: buffer[..<wanted])
      received.append(contentsOf: buffer[wanted..<read])
    }
    return bytes
  }

  /// Takes the next line, which has to be this one.
  package func expect(_ expected: String) throws {
    let line = try line()
    guard line == expected else {
      throw Failure("expected '\(expected)', got \(line.map { "'\($0)'" } ?? "the end")")
    }
  }

  /// Takes the next line, which has to be this `[WELCOME]` with a token.
  ///
  /// - Returns: the token.
  package func expectWelcome(_ expected: String) throws -> String {
    let line = try line() ?? "(end)"
    let parts = line.split(separator: "\ttoken=")
    guard parts.count == 2, parts[0] == expected, parts[1].utf8.count == 22 else {
      throw Failure("expected '\(expected)' with a token, got '\(line)'")
    }
    return String(parts[1])
  }

  /// Takes the next line, which has to be an error of this code, about the transfer of this id if there is one.
  package func expectError(_ code: String, id: String? = nil) throws {
    let line = try line()
    let end = "\tcode=\(code)" + (id.map { "\tid=\($0)" } ?? "")
    guard let line, line.hasPrefix("[ERROR]:"), line.hasSuffix(end) else {
      throw Failure("expected \(end), got \(line.map { "'\($0)'" } ?? "the end")")
    }
  }

  /// Takes the end of the stream, which has to come next.
  package func expectEnd() throws {
    if let line = try line() { throw Failure("expected the end, got '\(line)'") }
  }

  /// Checks that nothing has come: whatever was sent before is answered first.
  package func expectNothing() throws {
    try send("[PING]:nothing\n")
    try expect("[PONG]:nothing")
  }
}
