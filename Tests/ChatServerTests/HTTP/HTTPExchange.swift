import ChatServer
import ChatSystem
import TestKit
import Testing

/// An answer of HTTP, taken apart.
struct HTTPReply: Equatable {
  let status: Int
  /// Names in lower case.
  let fields: [String: String]
  let content: String

  /// All the answers in some bytes, each of which says how long it is.
  ///
  /// - Parameter areOfHEAD: none has content.
  static func all(in text: String, areOfHEAD: Bool = false) throws -> [HTTPReply] {
    var replies: [HTTPReply] = []
    var rest = text[...]
    while !rest.isEmpty {
      let end = try #require(rest.firstRange(of: "\r\n\r\n"), "no whole head in \(text)")
      let lines = rest[..<end.lowerBound].split(separator: "\r\n").map(String.init)
      rest = rest[end.upperBound...]
      let words = try #require(lines.first).split(separator: " ")
      #expect(words.count >= 2 && words[0] == "HTTP/1.1")
      var fields: [String: String] = [:]
      for line in lines.dropFirst() {
        let colon = try #require(line.firstIndex(of: ":"))
        let name = line[..<colon].lowercased()
        #expect(fields[name] == nil, "\(name) twice")
        fields[name] = line[colon...].dropFirst().trimmingPrefix(" ").description
      }
      let length = areOfHEAD ? 0 : Int(fields["content-length"] ?? "0") ?? 0
      let content = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
      #expect(content.utf8.count == length)
      rest = rest[rest.utf8.index(rest.startIndex, offsetBy: length)...]
      replies.append(HTTPReply(status: Int(words[1]) ?? 0, fields: fields, content: content))
    }
    return replies
  }
}

/// A client of HTTP in the test's own process: what it sends, and what it is answered.
final class HTTPExchange: Sendable {
  let server: Server
  let transport: FakeTransport
  private let hasEnded = Guarded(false)

  /// Has a session run over a transport whose system the test plays.
  init(
    from address: String = "127.0.0.1", behavior: FakeTransport.Behavior? = nil,
    limits: HTTPTimeLimits = HTTPTimeLimits(), isEncrypted: Bool = false,
    _ configure: (inout ServerOptions) -> Void = { _ in }
  ) throws {
    var options = ServerOptions()
    options.port = 0
    configure(&options)
    server = try Server(options: options, log: EventLog(level: .error))
    var usual = FakeTransport.Behavior()
    usual.isRead = true
    transport = try FakeTransport(behavior ?? usual)
    let address = Address(host: address, port: 40_000)
    try SystemThread.start(named: "http") { [self] in
      server.serveHTTP(over: transport, from: address, isEncrypted: isEncrypted, limits: limits)
      hasEnded.withLock { $0 = true }
      hasEnded.wake()
    }
  }

  /// Whether the session has ended.
  var isDone: Bool { hasEnded.withLock { $0 } }

  /// Waits until the session has ended.
  func waitUntilDone() throws {
    let done = hasEnded.wait(until: .now + .seconds(20)) { $0 ? true : nil }
    try #require(done == true, "the session does not end; so far: \(transport.text)")
  }

  /// Sends text, ends, and returns all answers.
  static func replies(
    to text: String, from address: String = "127.0.0.1", isEncrypted: Bool = false,
    _ configure: (inout ServerOptions) -> Void = { _ in }
  ) throws -> [HTTPReply] {
    let exchange = try HTTPExchange(from: address, isEncrypted: isEncrypted, configure)
    exchange.transport.write(Array(text.utf8))
    exchange.transport.end()
    try exchange.waitUntilDone()
    return try HTTPReply.all(in: exchange.transport.text)
  }

  /// A request's text.
  static func request(
    _ method: String, _ path: String, _ fields: [String] = [], body: String = ""
  ) -> String {
    let host = fields.contains { $0.hasPrefix("Host:") } ? [] : ["Host: 127.0.0.1:55555"]
    return (["\(method) \(path) HTTP/1.1"] + host + fields + ["", body]).joined(separator: "\r\n")
  }

  /// The one answer to a request.
  static func reply(
    to method: String, _ path: String, _ fields: [String] = [], from address: String = "127.0.0.1",
    _ configure: (inout ServerOptions) -> Void = { _ in }
  ) throws -> HTTPReply {
    let replies = try replies(to: request(method, path, fields), from: address, configure)
    #expect(replies.count == 1)
    return try #require(replies.first)
  }
}
