import ChatHTTPClient
import ChatSystem
import Synchronization
import TestKit
import Testing

/// What wraps libcurl, and servers that do what a test wrote down.
@Suite("HTTPClient", .timeLimit(.minutes(1)))
struct HTTPClientTests {
  /// What came of a request.
  private struct Outcome: Sendable {
    var reply: ChatHTTPClient.HTTPReply?
    var failure: HTTPFailure?
    var body: [UInt8] = []
  }

  /// Makes a request in a thread of its own, to be answered meanwhile.
  private static func start(
    _ client: HTTPClient, _ path: String = "/x", patience: Duration = .seconds(10),
    mostBytes: Int = .max, uploading sizeBytes: UInt64? = nil,
    noting sent: Sent? = nil
  ) throws -> Eventual<Outcome> {
    let outcome = Eventual<Outcome>()
    try SystemThread.start(named: "request") {
      var body: [UInt8] = []
      var request = HTTPRequest(.get, path)
      if let sizeBytes {
        request = HTTPRequest(
          .patch, path,
          body: .init(sizeBytes: sizeBytes) { _, offset in
            sent?.note(offset)
            return true
          })
      }
      (request.patience, request.answerPatience) = (patience, patience)
      do throws(HTTPFailure) {
        let reply = try client.perform(request) { _, bytes in
          for index in bytes.indices { body.append(bytes[index]) }
          return body.count < mostBytes
        }
        outcome.set(Outcome(reply: reply, body: body))
      } catch {
        outcome.set(Outcome(failure: error, body: body))
      }
    }
    return outcome
  }

  /// How far an upload has come.
  private final class Sent: Sendable {
    private let bytes = Atomic<UInt64>(0)

    func note(_ count: UInt64) { bytes.store(count, ordering: .relaxed) }

    /// Waits until no more of it is taken.
    func waitUntilHeldUp() throws {
      var before: UInt64 = 0
      try eventually("no more is taken") {
        SystemThread.sleep(for: .milliseconds(300))
        let now = bytes.load(ordering: .relaxed)
        defer { before = now }
        return now > 0 && now == before
      }
    }
  }

  private static func client(_ server: FakeServer) throws -> HTTPClient {
    let port = try #require(UInt16(server.address.split(separator: ":")[1]))
    return try HTTPClient(to: HTTPEndpoint(Address(host: "127.0.0.1", port: port), trust: .plain))
  }

  @Test("the answer is the last head, with its fields in lower case, and the body as it came")
  func answer() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server))
    let request = try server.request("GET /x")
    #expect(request.fields["accept-encoding"] == nil)
    let head = """
      HTTP/1.1 103 Early Hints\r\nEtag: early\r\n\r\n\
      HTTP/1.1 200 OK\r\nX-A:  b c \r\nETag: "e"\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc
      """
    try request.send(Array(head.utf8))
    let found = try outcome.value()
    #expect(found.failure == nil)
    #expect(found.reply?.status == 200)
    #expect(found.reply?["x-a"] == "b c")
    #expect(found.reply?["etag"] == "\"e\"")
    #expect(found.reply?.number("content-length") == 3)
    #expect(found.body == Array("abc".utf8))
  }

  @Test("a redirect is an answer like any other")
  func redirect() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server))
    try server.request("GET /x").answer("302 Found", ["Location: /y"], text: "there")
    #expect(try outcome.value().reply?.status == 302)
    #expect(try outcome.value().body == Array("there".utf8))
  }

  @Test(
    "what is no answer is a lost connection",
    arguments: [
      "", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz",
    ])
  func nonsense(_ answer: String) throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server))
    let request = try server.request("GET /x")
    try request.send(Array(answer.utf8))
    request.end()
    guard case .lost = try outcome.value().failure else {
      Issue.record("\(try outcome.value())")
      return
    }
  }

  @Test(
    "who greets a client of the talk does not speak HTTP",
    arguments: ["NICK\n", "hello\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"])
  func talk(_ greeting: String) throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server))
    let request = try server.request("GET /x")
    try request.send(Array(greeting.utf8))
    request.end()
    guard case .notHTTP = try outcome.value().failure else {
      Issue.record("\(try outcome.value())")
      return
    }
  }

  @Test("a head without end is given up, and of many fields some are kept")
  func endlessHead() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server))
    let request = try server.request("GET /x")
    try request.send(Array("HTTP/1.1 200 OK\r\n".utf8))
    let field = Array(("X: " + String(repeating: "x", count: 4_000) + "\r\n").utf8)
    for _ in 0..<5_000 where (try? request.send(field)) == nil { break }
    request.end()
    guard case .lost = try outcome.value().failure else {
      Issue.record("\(try outcome.value())")
      return
    }
  }

  @Test("who wants no more of a body has the head")
  func cutOff() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server), mostBytes: 10)
    let request = try server.request("GET /x")
    try request.answer("200 OK", ["Content-Length: 1000000000"])
    // It ends long before.
    let piece = [UInt8](repeating: 1, count: 65_536)
    while (try? request.send(piece)) != nil {}
    let found = try outcome.value()
    #expect(found.reply?.isCutOff == true)
    #expect(found.reply?.status == 200)
  }

  @Test("a server that says nothing is given up when the patience is over")
  func silence() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server), patience: .seconds(1))
    let request = try server.request("GET /x")
    #expect(
      try outcome.value().failure == .lost("the server has done next to nothing about it for 1 s"))
    withExtendedLifetime(request) {}
  }

  @Test("a server that closes the connection and takes no more of an upload has ended it")
  func closed() throws {
    let server = try FakeServer()
    let sent = Sent()
    let outcome = try Self.start(Self.client(server), uploading: 1_000_000_000, noting: sent)
    let request = try server.request("PATCH /x")
    // Asked for the body, and then no more.
    try request.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    try sent.waitUntilHeldUp()
    request.end()
    guard case .lost(let reason)? = try outcome.value().failure else {
      Issue.record("it is not lost")
      return
    }
    // Where more was on its way after all, the connection was reset. In any case it did not take the patience.
    #expect(!reason.contains("next to nothing"))
    withExtendedLifetime(request) {}
  }

  @Test("an answer before the upload's end counts, though the connection is closed behind it")
  func early() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server), uploading: 1_000_000_000)
    let request = try server.request("PATCH /x")
    try request.answer("413 Content Too Large", text: "too large")
    #expect(try outcome.value().reply?.status == 413)
    withExtendedLifetime(request) {}
  }

  @Test("answers that only tell to wait are no progress")
  func waiting() throws {
    let server = try FakeServer()
    let outcome = try Self.start(Self.client(server), patience: .seconds(1))
    let request = try server.request("GET /x")
    let hint = Array(
      "HTTP/1.1 103 Early Hints\r\nX: \(String(repeating: "x", count: 200))\r\n\r\n".utf8)
    let end = MonotonicTime.now + .seconds(20)
    while MonotonicTime.now < end, (try? request.send(hint)) != nil {
      SystemThread.sleep(for: .milliseconds(100))
    }
    #expect(
      try outcome.value().failure == .lost("the server has done next to nothing about it for 1 s"))
    #expect(MonotonicTime.now < end)
  }

  @Test("cancel ends a request at once, and all after it")
  func cancel() throws {
    let server = try FakeServer()
    let client = try Self.client(server)
    let outcome = try Self.start(client)
    let request = try server.request("GET /x")
    client.cancel()
    #expect(try outcome.value().failure == .cancelled)
    #expect(try Self.start(client).value().failure == .cancelled)
    withExtendedLifetime(request) {}
  }

  @Test("where nothing listens there is no connection")
  func unreachable() throws {
    let server = try FakeServer()
    try server.play("stop")
    guard case .unreachable = try Self.start(Self.client(server)).value().failure else {
      Issue.record("it is reached")
      return
    }
  }
}

/// A value that another thread makes.
private final class Eventual<Value: Sendable>: Sendable {
  private let state = Guarded<Value?>(nil)

  func set(_ value: Value) {
    state.withLock { $0 = value }
    state.wake()
  }

  /// Waits for it.
  func value() throws -> Value {
    try #require(state.wait(until: .now + .seconds(30)) { $0 })
  }
}
