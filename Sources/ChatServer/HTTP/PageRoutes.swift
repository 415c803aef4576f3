internal import ChatHTTP
internal import ChatPage
internal import ChatSystem

/// The web page: the document at `/` and at each room's address, and its parts.
///
/// Thread: any.
enum PageRoutes {
  /// Nothing but its own parts, files of this server, and its own talk.
  private static let policy: ResponseHead.Value = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
    """

  /// The document.
  static func document(_ head: RequestHead) -> HTTPAnswer {
    answer(PageFile.document, "text/html; charset=utf-8", head)
  }

  /// A part; 404 where there is none of this name.
  static func part(_ name: String, _ head: RequestHead) -> HTTPAnswer {
    guard let file = PageFile.named(name), let type = type(of: name) else {
      return .refusal(.notFound, "there is nothing here")
    }
    return answer(file, type, head)
  }

  private static func type(of name: String) -> ResponseHead.Value? {
    switch name.split(separator: ".").last {
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: nil
    }
  }

  /// It changes with the program alone, so a browser asks whether it has.
  private static func answer(
    _ file: PageFile, _ type: ResponseHead.Value, _ head: RequestHead
  ) -> HTTPAnswer {
    let hash = file.bytes.withUnsafeBytes { XXHash64.hash($0) }
    let tag = EntityTag(String(hash, radix: 16))
    var answer: HTTPAnswer
    switch Preconditions(tag: tag).verdict(
      for: head, now: HTTPDate(seconds: WallClock.milliseconds / 1_000))
    {
    case .proceed: answer = HTTPAnswer(.ok, type, bytes: file.bytes)
    case .notModified:
      answer = HTTPAnswer(.notModified)
      answer.head[.contentType] = type
    case .failed: return .refusal(.preconditionFailed, "the page is another by now")
    }
    // A browser takes the fields of a 304 for the document it has.
    answer.head[.contentSecurityPolicy] = policy
    answer.head[.entityTag] = ResponseHead.Value(tag)
    answer.head[.cacheControl] = "no-cache"
    return answer
  }
}
