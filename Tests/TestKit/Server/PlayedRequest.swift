import ChatSystem

/// A request of HTTP that came to a `FakeServer`, and is answered by the test.
///
/// Thread: the test's.
package final class PlayedRequest {
  /// `GET /files/id1`.
  package let line: String
  /// By their names in lower case.
  package let fields: [String: String]

  private let stream: TCPTransport
  private var received: [UInt8]
  private var buffer = [UInt8](repeating: 0, count: 65_536)

  /// Reads the head of a request.
  init(over stream: TCPTransport) throws {
    self.stream = stream
    var received: [UInt8] = []
    let blankLine = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
      guard try Self.receive(stream, into: &received, &buffer) else {
        throw Failure("the request ends in its head")
      }
      end = received.indices.first { received[$0...].starts(with: blankLine) }
    }
    let head = String(decoding: received[..<(end ?? 0)], as: UTF8.self)
    self.received = Array(received[((end ?? 0) + 4)...])
    let lines = head.split(separator: "\r\n")
    line = String(lines[0].replacing(" HTTP/1.1", with: ""))
    fields = Dictionary(
      lines.dropFirst().map { field in
        let colon = field.firstIndex(of: ":") ?? field.endIndex
        return (field[..<colon].lowercased(), String(field[colon...].dropFirst(2)))
      }, uniquingKeysWith: { $1 })
  }

  /// Where it wants a file to begin.
  package var rangeStart: Int {
    let range = fields["range"].map { $0.dropFirst("bytes=".count).dropLast() }
    return range.flatMap { Int($0) } ?? 0
  }

  /// Takes so many bytes of its body.
  package func receive(_ count: Int) throws -> [UInt8] {
    while received.count < count {
      guard try Self.receive(stream, into: &received, &buffer) else {
        throw Failure("the request ends after \(received.count) bytes")
      }
    }
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  private static func receive(
    _ stream: TCPTransport, into received: inout [UInt8], _ buffer: inout [UInt8]
  ) throws -> Bool {
    guard try stream.waitUntilReadable(for: .seconds(20)) else {
      throw Failure("the request says nothing")
    }
    let count = try stream.receive(into: &buffer)
    received.append(contentsOf: buffer[..<count])
    return count > 0
  }

  /// Waits until the client has ended the connection.
  package func waitForEnd() throws {
    // What it sends meanwhile is of no use. A reset is an end, too.
    while (try? Self.receive(stream, into: &received, &buffer)) == true {}
  }

  /// Answers with a head, whose body follows.
  package func answer(_ status: String, _ fields: [String]) throws {
    let lines = ["HTTP/1.1 \(status)", "Connection: close"] + fields
    try send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
  }

  /// Answers with a text, and ends.
  package func answer(_ status: String, _ fields: [String] = [], text: String) throws {
    let length = "Content-Length: \(text.utf8.count)"
    try answer(status, ["Content-Type: text/plain; charset=utf-8", length] + fields)
    if line.hasPrefix("HEAD ") == false { try send(Array(text.utf8)) }
    end()
  }

  /// Sends a part of the answer.
  package func send(_ bytes: [UInt8]) throws { try stream.sendAll(bytes) }

  /// Ends the connection.
  package func end() { stream.shutdownBoth() }
}
