import ChatSystem
import Foundation

/// A connection for one request by HTTP/1.1 (RFC 9112), with a file in the request or in the answer.
///
/// Thread: one at a time.
final class HTTPConnection {
  private static let bufferBytes = 262_144
  /// How long nothing may happen.
  private static let patience: Duration = .seconds(20)

  private let socket: TCPTransport
  /// All bytes of a file go through it, one piece after the other.
  private var buffer = [UInt8](repeating: 0, count: bufferBytes)

  /// The beginning of an answer.
  private struct Head {
    let status: Int
    /// By their names in lower case.
    let fields: [String: String]
    /// What was received behind it.
    let rest: [UInt8]
  }

  init(port: UInt16) throws {
    socket = try TCPTransport.connect(to: Address(host: "127.0.0.1", port: port))
    // Megabytes on their way: the patience alone is wanted.
    socket.keepUnsentBytes(below: 4 << 20, patience: Self.patience)
  }

  /// Downloads a file.
  ///
  /// - Parameter body: takes each piece of it; false if no more is wanted.
  func get(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
    try send("GET \(path) HTTP/1.1\r\n")
    let head = try receiveHead()
    guard head.status == 200, let length = head.fields["content-length"].flatMap({ Int($0) }) else {
      throw BenchError("GET \(path) is answered with \(head.status)")
    }
    var left = length - head.rest.count
    guard try head.rest.withUnsafeBytes(body) else { return }
    while left > 0 {
      let count = try receive()
      left -= count
      let isWanted = try buffer.withUnsafeBytes {
        try body(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
      guard isWanted else { return }
    }
  }

  /// Sends a file to the lobby.
  ///
  /// - Parameter body: is told how many bytes were sent with each piece; false if no more is wanted.
  /// - Returns: the path of its link; `nil` if no more was wanted.
  func put(
    _ source: SourceFile, as nickname: String, while body: (Int) -> Bool
  ) throws -> String? {
    try send(
      "PUT /lobby/\(source.url.lastPathComponent)?nick=\(nickname) HTTP/1.1\r\n"
        + "Content-Length: \(source.sizeBytes)\r\nExpect: 100-continue\r\n")
    let permission = try receiveHead()
    guard permission.status == 100 else {
      throw BenchError("PUT is answered with \(permission.status)")
    }
    let file = try FileHandle(forReadingFrom: source.url)
    defer { withExtendedLifetime(file) {} }
    var left = source.sizeBytes
    while left > 0 {
      let count = buffer.withUnsafeMutableBytes {
        read(file.fileDescriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { throw BenchError("cannot read \(source.url.path)") }
      try send(buffer[..<count])
      left -= count
      guard body(count) else { return nil }
    }
    let head = try receiveHead()
    guard head.status == 201, let path = head.fields["location"] else {
      throw BenchError("PUT is answered with \(head.status)")
    }
    return path
  }

  // MARK: Bytes

  private func send(_ head: String) throws {
    try send(Array("\(head)Host: 127.0.0.1\r\n\r\n".utf8)[...])
  }

  private func send(_ bytes: ArraySlice<UInt8>) throws { try socket.sendAll(bytes.span) }

  private func receiveHead() throws -> Head {
    var received: [UInt8] = []
    while true {
      if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
        return Self.head(received[..<end.lowerBound], rest: received[end.upperBound...])
      }
      received += buffer[..<(try receive())]
    }
  }

  private static func head(_ bytes: ArraySlice<UInt8>, rest: ArraySlice<UInt8>) -> Head {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return Head(status: status ?? 0, fields: fields, rest: Array(rest))
  }

  /// Receives into the buffer.
  ///
  /// - Returns: how many bytes, at least one.
  private func receive() throws -> Int {
    while true {
      switch try socket.receiveIfReady(into: &buffer) {
      case .bytes(let count): return count
      case .end: throw BenchError("the answer ends early")
      case .wouldBlock:
        guard try socket.waitUntilReadable(for: Self.patience) else {
          throw BenchError("no answer by HTTP")
        }
      }
    }
  }
}
