/// A line that the server sends.
public enum ServerLine: Sendable, Equatable {
  /// A line of the room's stream.
  case room(RoomLine)
  /// `[MSG]:alice text` with `to=bob`: a private message.
  case message(from: String, to: String, text: String)
  /// Where the client stands: the handshake, its room, the end.
  case session(SessionLine)
  /// A part of an answer.
  case reply(ReplyLine)
  /// A line about a file.
  case transfer(TransferLine)
  /// A line about the connection, or for the person.
  case control(ControlLine)
  /// A line this version does not know: a client shows nothing of it if it has a tag.
  case unknown(String, isTagged: Bool)

  /// The `[ERROR]` line for a refusal.
  public static func error(_ refusal: Refusal) -> ServerLine {
    .control(.error(code: refusal.code.rawValue, reason: refusal.reason))
  }

  /// The `[ERROR]` line for a refused transfer.
  public static func error(_ refusal: Refusal, id: String) -> ServerLine {
    .transfer(.error(code: refusal.code.rawValue, reason: refusal.reason, id: id))
  }

  // MARK: Encoding

  /// The line's bytes with its LF.
  ///
  /// Nicknames are `Nickname`s' and texts are cleaned already, except in tagged lines, whose values
  /// are cleaned here and lose their TABs.
  public func encoded() -> [UInt8] {
    switch self {
    case .room(let line): line.encoded()
    case .message(let from, let to, let text):
      TaggedLine("MSG", "\(from) \(text)", [.init("to", to)]).encoded()
    case .session(let line): line.encoded()
    case .reply(let line): line.encoded()
    case .transfer(let line): line.encoded()
    case .control(let line): line.encoded()
    case .unknown(let text, _): PlainLine.encoded(text)
    }
  }

  // MARK: Decoding

  /// Reads a line from a server, without its LF. It is cleaned here: a client trusts no server.
  public init(_ line: Span<UInt8>) {
    do {
      if let tagged = try TaggedLine(line, limit: Limits.serverLineBytes) {
        self = Self(tagged) ?? .unknown(TextCleaner.clean(line), isTagged: true)
      } else {
        let text = TextCleaner.clean(line)
        // It belongs to the bytes of a file, which only a classic client asks for.
        self = text == "<END>" ? .unknown(text, isTagged: true) : Self(plain: text)
      }
    } catch {
      self = .unknown(TextCleaner.clean(line), isTagged: true)
    }
  }

  /// Reads a line of a room's stream: the value of a `[PAST]` line.
  public init(stream text: String) { self = Self(plain: text) }

  /// Reads a line without a tag.
  ///
  /// At the byte: a Swift `Character` may be a space and the mark that follows it, and a text
  /// that begins with such a mark must not read as another kind of line.
  private init(plain text: String) {
    let words = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    if let line = RoomLine(text, words: words) {
      self = .room(line)
    } else if let line = SessionLine(text, words: words) {
      self = .session(line)
    } else {
      self = .unknown(text, isTagged: false)
    }
  }

  private init?(_ line: TaggedLine) {
    if line.tag == "MSG" {
      guard let (from, text) = line.nameAndText, let to = line["to"] else { return nil }
      self = .message(from: from, to: to, text: text)
    } else if let reply = ReplyLine(line) {
      self = .reply(reply)
    } else if let session = SessionLine(line) {
      self = .session(session)
    } else if let transfer = TransferLine(line) {
      self = .transfer(transfer)
    } else if let control = ControlLine(line) {
      self = .control(control)
    } else {
      return nil
    }
  }
}
