import ChatServer
import ChatSystem
import TestKit
import Testing

@Suite("HTTPSession", .timeLimit(.minutes(1)))
struct HTTPSessionTests {
  private static let health = HTTPExchange.request("GET", "/healthz")

  @Test("requests that come together are answered one after another")
  func pipelined() throws {
    let texts = ["/healthz", "/nothing", "/", "/healthz"].map { HTTPExchange.request("GET", $0) }
    let replies = try HTTPExchange.replies(to: texts.joined())
    #expect(replies.map(\.status) == [200, 404, 200, 200])
    #expect(replies.allSatisfy { $0.fields["connection"] == nil })
  }

  @Test("a request that comes a byte at a time is answered, and the next one as well")
  func byteByByte() throws {
    let exchange = try HTTPExchange()
    for byte in (Self.health + Self.health).utf8 { exchange.transport.write([byte]) }
    exchange.transport.end()
    try exchange.waitUntilDone()
    #expect(try HTTPReply.all(in: exchange.transport.text).map(\.status) == [200, 200])
  }

  @Test(
    "the connection ends after the answer where the client or the version says so",
    arguments: [
      (HTTPExchange.request("GET", "/healthz", ["Connection: close"]), 200),
      ("GET /healthz HTTP/1.0\r\n\r\n", 200), ("GET /\n\n", 400), ("\u{0}\r\n", 400),
      ("GET / HTTP/2.0\r\n", 505), ("GET / HTTP/1.1\r\n\r\n", 400),
      (HTTPExchange.request("POST", "/", ["Transfer-Encoding: chunked"], body: "0\r\n\r\n"), 501),
      (HTTPExchange.request("GET", "/" + String(repeating: "x", count: 9_000)), 414),
      (HTTPExchange.request("GET", "/", ["X: " + String(repeating: "x", count: 1_048_576)]), 431),
    ])
  func closes(_ text: String, _ status: Int) throws {
    let exchange = try HTTPExchange()
    exchange.transport.write(Array((text + Self.health).utf8))
    try eventually("the server ends its side") { exchange.transport.shut.writing }
    exchange.transport.end()
    try exchange.waitUntilDone()
    let replies = try HTTPReply.all(in: exchange.transport.text)
    #expect(replies.map(\.status) == [status])
    #expect(replies.first?.fields["connection"] == "close")
  }

  @Test("a body that nobody wants is dropped, and the next request is answered")
  func droppedBody() throws {
    let body = String(repeating: Self.health, count: 100)
    let post = HTTPExchange.request(
      "POST", "/", ["Content-Length: \(body.utf8.count)"], body: body)
    let replies = try HTTPExchange.replies(to: post + Self.health)
    #expect(replies.map(\.status) == [405, 200])
  }

  @Test(
    "after a body that is large, or that the client waits with, the connection ends",
    arguments: [["Content-Length: 65537"], ["Content-Length: 5", "Expect: 100-continue"]])
  func largeBody(_ fields: [String]) throws {
    let exchange = try HTTPExchange()
    exchange.transport.write(Array(HTTPExchange.request("POST", "/", fields).utf8))
    try eventually("the server ends its side") { exchange.transport.shut.writing }
    // What is still sent is read, so that the answer is not lost by a reset.
    exchange.transport.write([UInt8](repeating: 0x78, count: 65_537))
    exchange.transport.end()
    try exchange.waitUntilDone()
    let replies = try HTTPReply.all(in: exchange.transport.text)
    #expect(replies.map(\.status) == [405] && replies.first?.fields["connection"] == "close")
  }

  @Test("a head that does not come in time is answered with 408, whatever trickles in")
  func slowHead() throws {
    var limits = HTTPTimeLimits()
    limits.head = .milliseconds(100)
    let exchange = try HTTPExchange(limits: limits)
    exchange.transport.write(Array("GET / HTTP/1.1\r\nX: ".utf8))
    while !exchange.transport.shut.writing {
      exchange.transport.write([0x78])
      SystemThread.sleep(for: .milliseconds(5))
    }
    exchange.transport.end()
    try exchange.waitUntilDone()
    #expect(try HTTPReply.all(in: exchange.transport.text).map(\.status) == [408])
  }

  @Test("a connection over which nothing comes ends without a word")
  func silent() throws {
    var limits = HTTPTimeLimits()
    (limits.head, limits.idle) = (.milliseconds(20), .milliseconds(20))
    for text in ["", Self.health] {
      let exchange = try HTTPExchange(limits: limits)
      exchange.transport.write(Array(text.utf8))
      try eventually("the server ends its side") { exchange.transport.shut.writing }
      exchange.transport.end()
      try exchange.waitUntilDone()
      #expect(try HTTPReply.all(in: exchange.transport.text).count == (text.isEmpty ? 0 : 1))
    }
  }

  @Test("a client that does not read its answer is given up")
  func noReader() throws {
    var behavior = FakeTransport.Behavior()
    behavior.capacity = 100
    var limits = HTTPTimeLimits()
    limits.send = .milliseconds(50)
    let exchange = try HTTPExchange(behavior: behavior, limits: limits)
    exchange.transport.write(Array(Self.health.utf8))
    try eventually("the server ends its side") { exchange.transport.shut.writing }
    exchange.transport.end()
    try exchange.waitUntilDone()
    #expect(exchange.transport.received.count == 100)
  }

  @Test("however little the system takes at a time, the answers are the same")
  func shortSends() throws {
    let text = Self.health + HTTPExchange.request("GET", "/") + Self.health
    let whole = try HTTPExchange.replies(to: text)
    for (mostPerSend, interrupted, recordBytes) in [(1, 3, 0), (7, 0, 5), (.max, 2, 40)] {
      var behavior = FakeTransport.Behavior()
      behavior.capacity = 64
      behavior.mostPerSend = mostPerSend
      behavior.interruptedSends = interrupted
      behavior.recordBytes = recordBytes
      let exchange = try HTTPExchange(behavior: behavior)
      exchange.transport.write(Array(text.utf8))
      exchange.transport.end()
      while !exchange.isDone {
        exchange.transport.read(50)
        SystemThread.sleep(for: .microseconds(100))
      }
      let replies = try HTTPReply.all(in: exchange.transport.text)
      #expect(replies.map(\.content) == whole.map(\.content))
    }
  }

  @Test("a connection that breaks in the middle of an answer ends its session")
  func reset() throws {
    var behavior = FakeTransport.Behavior()
    (behavior.isRead, behavior.resetAfter) = (true, 50)
    let exchange = try HTTPExchange(behavior: behavior)
    exchange.transport.write(Array((Self.health + Self.health).utf8))
    try exchange.waitUntilDone()
    #expect(exchange.transport.received.count == 50)
  }

  @Test("a session that waits ends when receiving is ended, as the server's end does")
  func interrupted() throws {
    let exchange = try HTTPExchange()
    exchange.transport.write(Array(Self.health.utf8))
    try eventually("it is answered") { exchange.transport.text.hasSuffix("ok\n") }
    exchange.transport.shutdownReading()
    try exchange.waitUntilDone()
  }

  @Test("a thousand requests are answered over a connection, and then it ends")
  func requestLimit() throws {
    let replies = try HTTPExchange.replies(to: String(repeating: Self.health, count: 1_100))
    #expect(replies.count == 1_000 && replies.last?.fields["connection"] == "close")
    #expect(replies.dropLast().allSatisfy { $0.fields["connection"] == nil })
  }
}
