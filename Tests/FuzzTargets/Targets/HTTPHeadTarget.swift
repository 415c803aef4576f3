internal import ChatHTTP
internal import ChatServer

/// Heads of HTTP requests. The input is the seed of the pieces, and what a client sends.
enum HTTPHeadTarget {
  private static let now = HTTPDate(seconds: 1_780_000_000)

  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let seed = UInt64(reader.byte())
    let bytes = Array(reader.rest)
    let window = Array(bytes.prefix(ProtocolDetector.windowBytes))
    let finding = ProtocolDetector.finding(in: window.span)
    let whole = outcome(of: bytes, seed: nil)
    demand(whole == outcome(of: bytes, seed: seed), "pieces make another head")
    switch whole {
    case .needMore:
      demand(bytes.count <= RequestHeadParser.byteLimit, "a head without an end")
    case .refused(let refusal):
      demand(refusal.status.rawValue >= 400, "refused with \(refusal.status)")
    case .head(let head, let consumed):
      demand(consumed <= bytes.count, "more than there is")
      // What is taken is found at the door, and is no nickname.
      demand(finding == .http, "\(finding)")
      look(at: head)
    }
    dates(bytes)
  }

  private static func outcome(of bytes: [UInt8], seed: UInt64?) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser()
    guard let seed else { return parser.feed(bytes.span) }
    var pieces = Pieces(seed: seed)
    var outcome = RequestHeadParser.Outcome.needMore
    var before = 0
    pieces.each(of: bytes) { piece in
      guard outcome == .needMore else { return }
      outcome = parser.feed(piece.span)
      if case .head(let head, let consumed) = outcome {
        outcome = .head(head, consumed: before + consumed)
      }
      before += piece.count
    }
    return outcome
  }

  private static func look(at head: RequestHead) {
    for (index, segment) in head.target.segments.enumerated() {
      demand(segment != ".." && segment != ".", "a dot segment")
      demand(!segment.isEmpty || index == head.target.segments.count - 1, "an empty segment")
      demand(segment.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x2F }, "a segment with more in it")
    }
    if let host = head.host {
      demand(Authority("\(host)") == host, "\(host) is read as another")
      demand(HTMLText.escaped("\(host)") == "\(host)", "\(host) is more than text in a page")
    }
    for size in [0, 1, 10_000, UInt64.max] {
      if case .part(let range) = ByteRange(head, size: size) {
        demand(!range.isEmpty && range.upperBound <= size, "\(range) of \(size)")
      }
    }
    let state = Preconditions(tag: EntityTag("xyzzy"), lastModified: HTTPDate(seconds: 784_111_777))
    _ = state.verdict(for: head, now: now)
    _ = state.allowsRange(of: head, now: now)
    let origin = RequestOrigin(head, isEncrypted: false, knownHosts: ["chat.example.org"])
    if origin == .own, let sent = head.fields["origin"], let host = head.host {
      demand(
        Authority(sent.dropFirst("http://".utf8.count))?.host == host.host, "\(sent) is trusted")
    }
    _ = PageLanguage(head)
    for origin in head.fields.values("origin").compactMap({ WebOrigin($0) }) {
      demand(WebOrigin("\(origin)") == origin, "\(origin) is read as another")
    }
    for tag in head.fields.values("if-none-match").compactMap(EntityTag.list).joined() {
      demand(EntityTag.list(tag.text) == [tag], "\(tag.text) is read as another")
    }
  }

  /// Any line may be a date.
  private static func dates(_ bytes: [UInt8]) {
    for line in bytes.split(separator: 0x0A) {
      let text = String(decoding: line, as: UTF8.self)
      guard let date = HTTPDate(text, now: now) else { continue }
      demand(HTTPDate(date.text, now: now) == date, "\(text) is read as \(date.text)")
    }
  }
}
