internal import ChatHTTP
internal import ChatSystem

/// What is at which path, and who may ask for it.
///
/// Thread: any.
struct HTTPRoutes {
  /// What there is.
  private enum Resource {
    case home, health, metrics
    case file(id: String)
    case sums(id: String)

    init?(_ target: RequestTarget) {
      let segments = target.segments
      switch segments.first {
      case nil: self = .home
      case "healthz" where segments.count == 1: self = .health
      case "metrics" where segments.count == 1: self = .metrics
      case "files" where segments.count == 3 && segments[2] == "sums": self = .sums(id: segments[1])
      // The name is for whoever saves the file.
      case "files" where 2...3 ~= segments.count: self = .file(id: segments[1])
      default: return nil
      }
    }
  }

  /// The methods that are known. Any other is refused with 501.
  private static let methods: Set<String> = [
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE",
  ]
  /// Those that change nothing (RFC 9110, section 9.2.1).
  private static let safeMethods: Set<String> = ["GET", "HEAD", "OPTIONS", "TRACE"]
  private static let readMethods: ResponseHead.Value = "GET, HEAD, OPTIONS"

  private let server: ServerContext

  init(_ server: ServerContext) { self.server = server }

  /// Answers a request.
  ///
  /// - Parameters:
  ///   - address: where it comes from, in numbers.
  ///   - isEncrypted: whether it came over TLS.
  ///   - isWanted: whether an answer still has a reader; asked again and again where it takes time.
  func answer(
    _ head: RequestHead, from address: Address, isEncrypted: Bool,
    while isWanted: () -> Bool = { true }
  ) -> HTTPAnswer {
    guard Self.methods.contains(head.method) else {
      return .refusal(.notImplemented, "an unknown method")
    }
    let origin = RequestOrigin(head, isEncrypted: isEncrypted, knownHosts: server.knownHosts)
    if case .elsewhere(let reason) = origin, !Self.safeMethods.contains(head.method) {
      return Self.notAllowed("\(reason)")
    }
    guard !head.target.isAsterisk else { return Self.options }
    if WebSocketUpgrade.isMeant(by: head) { return WebSocketUpgrade.answer(head, origin) }
    guard let resource = Resource(head.target) else {
      return .refusal(.notFound, "there is nothing here")
    }
    switch head.method {
    case "GET", "HEAD":
      return read(resource, head, address, origin, isEncrypted: isEncrypted, while: isWanted)
    // No field allows a page from elsewhere anything: its preflight fails.
    case "OPTIONS": return Self.options
    default:
      var answer = HTTPAnswer.refusal(.methodNotAllowed, "this can only be read")
      answer.head[.allow] = Self.readMethods
      return answer
    }
  }

  /// Answers a request that has to come over TLS (RFC 9110, section 15.4.9).
  func overTLS(_ head: RequestHead) -> HTTPAnswer {
    guard ["GET", "HEAD"].contains(head.method), !head.target.isAsterisk, let host = head.host,
      let location = ResponseHead.Value("https://\(host)\(head.target.local)")
    else { return .refusal(.forbidden, "this server wants TLS: https", code: "tls-required") }
    var answer = HTTPAnswer.refusal(
      .permanentRedirect, "this server wants TLS: https", code: "tls-required")
    answer.head[.location] = location
    return answer
  }

  private static var options: HTTPAnswer {
    var answer = HTTPAnswer(.noContent)
    answer.head[.allow] = readMethods
    return answer
  }

  private static func notAllowed(_ reason: String) -> HTTPAnswer {
    .refusal(.forbidden, reason, code: "not-allowed")
  }

  private func read(
    _ resource: Resource, _ head: RequestHead, _ address: Address, _ origin: RequestOrigin,
    isEncrypted: Bool, while isWanted: () -> Bool
  ) -> HTTPAnswer {
    switch resource {
    case .file(let id):
      return FileRoutes(server).answer(head, for: id, from: address, origin, while: isWanted)
    case .sums(let id):
      return FileRoutes(server).answerSums(head, of: id, origin, while: isWanted)
    case .home: return home(head, isEncrypted: isEncrypted)
    case .health:
      var answer = HTTPAnswer(.ok, "text/plain; charset=utf-8", "ok\n")
      answer.head[.cacheControl] = "no-store"
      return answer
    case .metrics:
      // Where they are not public, a page must not have a browser of this machine read them, by whatever name.
      guard server.options.metricsArePublic || address.isLoopback && origin.isTrusted else {
        return Self.notAllowed("for programs on the server's machine (--metrics-public: for all)")
      }
      var answer = HTTPAnswer(.ok, "", MetricsReport(server).text)
      answer.head[.contentType] = ResponseHead.Value(MetricsText.contentType)
      answer.head[.cacheControl] = "no-store"
      return answer
    }
  }

  /// The page changes only with the address by which it was asked for.
  private func home(_ head: RequestHead, isEncrypted: Bool) -> HTTPAnswer {
    let text = HomePage.text(at: head.host, isEncrypted: isEncrypted)
    var answer = HTTPAnswer(.ok, "text/html; charset=utf-8", text)
    let hash = Array(text.utf8).withUnsafeBytes { XXHash64.hash($0) }
    let tag = EntityTag(String(hash, radix: 16))
    answer.head[.entityTag] = ResponseHead.Value(tag)
    answer.head[.cacheControl] = "no-cache"
    let now = HTTPDate(seconds: WallClock.milliseconds / 1_000)
    switch Preconditions(tag: tag).verdict(for: head, now: now) {
    case .proceed: return answer
    case .notModified:
      var unchanged = HTTPAnswer(.notModified)
      unchanged.head[.entityTag] = ResponseHead.Value(tag)
      unchanged.head[.cacheControl] = "no-cache"
      return unchanged
    case .failed: return .refusal(.preconditionFailed, "the page is another by now")
    }
  }
}
