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
  private let isInterrupted: () -> Bool
  private var requestCount = 0
  /// What follows is WebSocket.
  private var isUpgraded = false
  /// What it may say: files that are put are lines in a room.
  private var visitBudget: TokenBucket

  /// Takes over a connection.
  ///
  /// - Parameters:
  ///   - address: where it comes from, in numbers.
  ///   - isEncrypted: whether it came over TLS.
  ///   - needsTLS: it has to come again, over TLS.
  ///   - isInterrupted: whether the connection is to end.
  init(
    transport: any Transport, address: Address, isEncrypted: Bool, server: ServerContext,
    needsTLS: Bool = false, limits: HTTPTimeLimits = HTTPTimeLimits(),
    isInterrupted: @escaping () -> Bool = { false }
  ) {
    (self.needsTLS, self.isInterrupted) = (needsTLS, isInterrupted)
    connection = HTTPConnection(transport, server.buffers)
    self.limits = limits
    (self.address, self.isEncrypted, self.server) = (address, isEncrypted, server)
    let rate = server.options.rate
    visitBudget = TokenBucket(rate: rate, burst: 10 * rate, now: .now)
    routes = HTTPRoutes(server)
  }

  /// Serves the client until it is gone, or wants to speak WebSocket.
  ///
  /// - Returns: what it has sent behind that request, if it was one that was taken; `nil` if the connection has ended.
  func run() -> ArraySlice<UInt8>? {
    let count = server.metrics.connections(.http, isEncrypted: isEncrypted)
    count.begun.add()
    defer { count.ended.add() }
    do throws(SystemError) {
      while try serveNext() {}
      if isUpgraded { return connection.unread }
      connection.close()
    } catch {
      // Broken, or no memory: nothing can be said over it any more.
      server.log.debug("\(address) lost: \(error)")
    }
    return nil
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
    if !needsTLS, FileVisit.isMeant(by: head) {
      let visit = FileVisit(
        head, from: address, over: connection, isEncrypted: isEncrypted, server)
      pace(visitBudget.take(FileVisit.tokens, now: .now))
      return try receive(head, { visit.run() }, hasReceivedAll: { visit.hasReceivedAll })
    }
    if !needsTLS, TusResponder.isMeant(by: head) {
      let tus = TusResponder(
        head, from: address, over: connection, isEncrypted: isEncrypted, server, pace: pace)
      return try receive(head, { tus.run() }, hasReceivedAll: { tus.hasReceivedAll })
    }
    let answer =
      needsTLS
      ? routes.overTLS(head)
      : routes.answer(head, from: address, isEncrypted: isEncrypted) {
        !self.isInterrupted() && !self.connection.isBroken
      }
    if answer.head.status == .switchingProtocols {
      log("\(head.method) /ws", answer)
      isUpgraded = try send(answer, isHead: false, version: head.version, keepsAlive: true)
      return false
    }
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

  /// Has a client that says more than it may wait, as a client of the talk does.
  private func pace(_ wait: Duration) {
    let end = MonotonicTime.now + wait
    while .now < end, !isInterrupted(), !connection.isBroken {
      SystemThread.sleep(for: min(.milliseconds(200), end - .now))
    }
  }

  /// Receives bytes of a file, and answers.
  ///
  /// - Parameters:
  ///   - answer: what comes of it; `nil` if the client is gone before.
  ///   - hasReceivedAll: whether the next request begins where this one's body ends.
  /// - Returns: whether the connection goes on.
  private func receive(
    _ head: RequestHead, _ answer: () -> HTTPAnswer?, hasReceivedAll: () -> Bool
  ) throws(SystemError) -> Bool {
    guard let answer = answer() else { return false }
    log("\(head.method) \(head.target.text.prefix(80))", answer)
    let keepsAlive = head.keepsAlive && requestCount < Self.requestLimit && hasReceivedAll()
    return try send(
      answer, isHead: head.method == "HEAD", version: head.version, keepsAlive: keepsAlive)
      && keepsAlive
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
      contentLength: answer.content.count,
      date: HTTPDate(seconds: WallClock.milliseconds / 1_000), version: version,
      keepsAlive: keepsAlive)
    var file: HTTPAnswer.FilePart?
    if !isHead, answer.head.status.allowsContent {
      switch answer.content {
      case .bytes(let content): bytes += content
      case .file(let part): file = part
      case .unsent: break
      }
    }
    guard try connection.send(bytes, until: .now + limits.send) else { return false }
    return try file.map { part throws(SystemError) in try send(part) } ?? true
  }

  /// Sends a part of a file, as long as its reader takes it fast enough.
  ///
  /// - Returns: false if that was not all.
  private func send(_ part: HTTPAnswer.FilePart) throws(SystemError) -> Bool {
    let count = UInt64(part.range.count)
    guard let transport = connection.transport.fileTransport else { return false }
    // The talk goes first.
    if count >= UploadBody.largeBytes { SystemThread.standBack() }
    var sending = PatientSending(transport, patience: server.options.readerTimeout)
    var intake = Intake(transport)
    let isWanted = { !self.isInterrupted() && part.slot.note(intake.taken()) == .goesOn }
    let sent = try sending.send(
      part.content, from: part.range.lowerBound, count: count, while: isWanted)
    guard sent == count else { return false }
    return try sending.finish(while: isWanted)
  }

  private func log(_ request: String, _ answer: HTTPAnswer) {
    server.log.debug("\(address) \(request): \(answer.head.status.rawValue)")
  }
}
