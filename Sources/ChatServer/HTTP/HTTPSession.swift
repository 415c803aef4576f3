internal import ChatHTTP
internal import ChatSystem

/// How long a client of HTTP may take.
package struct HTTPTimeLimits: Sendable {
  /// For a head, from its first byte to its last; for the first one of a connection to begin; and for a body that is
  /// dropped.
  package var head: Duration = .seconds(10)
  /// Between two requests.
  package var idle: Duration = .seconds(15)
  /// To read an answer.
  package var send: Duration = .seconds(20)

  /// The usual limits.
  package init() {}
}

/// One client of HTTP/1.1: requests are read one after another, and answered in that order.
///
/// The path of a request: `HTTPConnection` → `RequestHeadParser` → `HTTPRoutes` → `ResponseHead`.
///
/// Thread: its own, which may wait for the client, never longer than the limits below. It ends when receiving is ended
/// (`Transport.shutdownReading`).
final class HTTPSession {
  /// So many requests are answered over one connection.
  static let requestLimit = 1_000
  /// A body of up to so many bytes that nobody wants is read so that the connection can go on.
  static let droppedBodyBytes: UInt64 = 65_536

  private let connection: HTTPConnection
  private let limits: HTTPTimeLimits
  private let address: Address
  private let isEncrypted: Bool
  private let needsTLS: Bool
  private let server: ServerContext
  private let routes: HTTPRoutes
  private var requestCount = 0

  /// Takes over a connection.
  ///
  /// - Parameters:
  ///   - address: where it comes from, in numbers.
  ///   - isEncrypted: whether it came over TLS.
  ///   - needsTLS: it has to come again, over TLS.
  init(
    transport: any Transport, address: Address, isEncrypted: Bool, server: ServerContext,
    needsTLS: Bool = false, limits: HTTPTimeLimits = HTTPTimeLimits()
  ) {
    self.needsTLS = needsTLS
    connection = HTTPConnection(transport, server.buffers)
    self.limits = limits
    (self.address, self.isEncrypted, self.server) = (address, isEncrypted, server)
    routes = HTTPRoutes(server)
  }

  /// Serves the client until it is gone.
  func run() {
    let count = server.metrics.connections(.http, isEncrypted: isEncrypted)
    count.begun.add()
    defer { count.ended.add() }
    do throws(SystemError) {
      while try serveNext() {}
      if !connection.isAtEnd { connection.close() }
    } catch {
      // Broken, or no memory: nothing can be said over it any more.
      server.log.debug("\(address) lost: \(error)")
    }
  }

  /// Reads a request and answers it.
  ///
  /// - Returns: whether the connection goes on.
  private func serveNext() throws(SystemError) -> Bool {
    let head: RequestHead
    switch try readHead() {
    case .none: return false
    case .refused(let refusal):
      let answer = HTTPAnswer.refusal(refusal.status, refusal.reason)
      log("refused", answer)
      _ = try send(answer, isHead: false, version: .http11, keepsAlive: false)
      return false
    case .head(let read): head = read
    }
    requestCount += 1
    let answer =
      needsTLS
      ? routes.overTLS(head) : routes.answer(head, from: address, isEncrypted: isEncrypted)
    // A client that waits for `100 Continue` may send the body or not: it is not known where the next request begins.
    let keepsAlive =
      head.keepsAlive && requestCount < Self.requestLimit && !head.expectsContinue
      && head.contentLength <= Self.droppedBodyBytes
    log("\(head.method) \(head.target.text.prefix(80))", answer)
    let isHead = head.method == "HEAD"
    guard
      try send(answer, isHead: isHead, version: head.version, keepsAlive: keepsAlive), keepsAlive
    else { return false }
    return try connection.drop(head.contentLength, until: .now + limits.head)
  }

  private enum HeadRead {
    case head(RequestHead)
    case refused(RequestRefusal)
    /// No request has begun.
    case none
  }

  private func readHead() throws(SystemError) -> HeadRead {
    var parser = RequestHeadParser()
    var deadline = MonotonicTime.now + (requestCount == 0 ? limits.head : limits.idle)
    while true {
      switch try connection.receive(until: deadline) {
      case .bytes: break
      case .end: return .none
      case .timeOver:
        guard parser.byteCount > 0 else { return .none }
        return .refused(RequestRefusal(.requestTimeout, "the head did not come in time"))
      }
      if parser.byteCount == 0 { deadline = .now + limits.head }
      let unread = connection.unread
      switch parser.feed(unread.span) {
      case .needMore: connection.read(unread.count)
      case .refused(let refusal): return .refused(refusal)
      case .head(let head, let consumed):
        connection.read(consumed)
        return .head(head)
      }
    }
  }

  /// Sends an answer; to `HEAD`, without its content.
  private func send(
    _ answer: HTTPAnswer, isHead: Bool, version: HTTPVersion, keepsAlive: Bool
  ) throws(SystemError) -> Bool {
    server.metrics.noteAnswer(answer.head.status)
    var bytes = answer.head.encoded(
      contentLength: UInt64(answer.content.count),
      date: HTTPDate(seconds: WallClock.milliseconds / 1_000), version: version,
      keepsAlive: keepsAlive)
    if !isHead, answer.head.status.allowsContent { bytes += answer.content }
    return try connection.send(bytes, until: .now + limits.send)
  }

  private func log(_ request: String, _ answer: HTTPAnswer) {
    server.log.debug("\(address) \(request): \(answer.head.status.rawValue)")
  }
}
