internal import ChatSystem

/// An answer of HTTP/1.1.
package struct HTTPReply {
  package let status: Int
  /// By their names in lower case.
  package let fields: [String: String]
  package let body: [UInt8]

  /// What kind of refusal it is, as `[ERROR]` lines have it.
  package var code: String { fields["chat-code"] ?? "" }
  /// How much of an upload is there.
  package var offset: Int? { fields["upload-offset"].flatMap { Int($0) } }
  /// The id of the file that a link is to.
  package func file(in field: String) -> String? {
    let parts = fields[field]?.split(separator: "/") ?? []
    return parts.count > 1 && parts[0] == "files" ? String(parts[1]) : nil
  }
}

/// Requests over a plain connection, in a few lines: no other program's idea of HTTP comes between.
extension TestSocket {
  /// Sends a request.
  ///
  /// - Parameter length: how long the body is; `nil` for none. It is `body`, or what is sent next.
  package func request(
    _ method: String, _ target: String, _ fields: [String] = [], length: Int? = nil,
    body: ArraySlice<UInt8> = []
  ) throws {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: \(address)"] + fields
    if let length { lines.append("Content-Length: \(length)") }
    try send(bytes: Array(lines.map { "\($0)\r\n" }.joined().utf8) + Array("\r\n".utf8) + body)
  }

  /// Takes the head of an answer.
  ///
  /// - Throws: `SystemError` at the end of the stream, as where the connection breaks.
  package func replyHead(within seconds: Double = 20) throws -> HTTPReply {
    guard let first = try line(within: seconds) else { throw Self.end }
    var fields: [String: String] = [:]
    while true {
      guard let line = try line(within: seconds) else { throw Self.end }
      guard let colon = line.firstIndex(of: ":") else { break }
      fields[line[..<colon].lowercased()] = String(line[colon...].dropFirst(2).dropLast())
    }
    let status = first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return HTTPReply(status: status, fields: fields, body: [])
  }

  /// Takes an answer.
  ///
  /// - Parameter hasBody: false for that to a HEAD.
  package func reply(hasBody: Bool = true) throws -> HTTPReply {
    let head = try replyHead()
    let length = head.fields["content-length"].flatMap { Int($0) } ?? 0
    guard hasBody, length > 0 else { return head }
    return HTTPReply(status: head.status, fields: head.fields, body: try bytes(length))
  }

  /// Connects once more to the same server.
  package func another() throws -> TestSocket {
    try TestSocket(port: address.port, host: address.host)
  }

  private static var end: SystemError { SystemError("recv", code: SystemError.brokenPipe) }
}
