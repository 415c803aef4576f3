/// What a client's line asks for.
public enum ClientLine: Sendable, Equatable {
  /// Nothing: an empty line, or white space alone.
  case blank
  /// The bytes of the line at these offsets are to be said (in the handshake: are a nickname).
  case text(Range<Int>)
  /// `exit`, `{quit}`, `[QUIT]:reason`.
  case quit
  /// `[HELLO]:1`: a client that reads tagged lines.
  case hello(version: String)
  /// `[PASS]:secret`: the nickname's password.
  case password(String)
  /// `[ROOM]:name`; with `since=`, what the room said after that number is wanted too.
  case room(String, since: UInt64?)
  /// `[NEWROOM]:`.
  case newRoom
  /// `[NICK]:new`.
  case nick(String)
  /// `[WHO]:`.
  case who
  /// `[ROOMS]:`.
  case rooms
  /// `[MSG]:bob text`.
  case message(to: String, text: String)
  /// `[HISTORY]:n`: the room's last lines, or the first after a number; at most
  /// `Limits.historyLines`.
  case history(count: Int, since: UInt64?)
  /// `[SEARCH]:words`, among the lines before a number if one is given; at most
  /// `Limits.searchLines`.
  case search(words: String, before: UInt64?, limit: Int)
  /// `[FILE]:name`: the file's bytes follow, up to the first `<END>` LF.
  case classicFile(name: String)
  /// `<END>` where no file is being sent: it ends nothing.
  case fileEnd
  /// `[GET]:id` with `offset=`: the file's bytes from there on are wanted, by a classic client.
  case get(id: String, offset: UInt64)
  /// `[GOT]:id`: the file is here, whole and checked.
  case got(id: String)
  /// `[FILES]:`: which files does this room have? With an id: what is this one?
  case files(id: String?)
  /// `[PING]:token`.
  case ping(token: String)
  /// `[PONG]:token`.
  case pong

  /// The raw bytes that follow a line that is refused as it stands, so that a file does not turn into talk: a `[FILE]:`
  /// without `id=` is in classic form, whatever is wrong with it.
  public static func payload(ofRefused line: Span<UInt8>) -> Payload? {
    let fields = TextCleaner.clean(line).unicodeScalars.split(
      separator: "\t", omittingEmptySubsequences: false
    ).map { String($0) }
    let isClassic =
      fields[0].hasPrefix("[FILE]:") && !fields.dropFirst().contains { $0.hasPrefix("id=") }
    return isClassic ? .terminated : nil
  }

  /// The raw bytes that follow the line, whatever becomes of it; `nil` if lines do.
  public var payload: Payload? { if case .classicFile = self { .terminated } else { nil } }

  /// Reads a line.
  ///
  /// - Parameters:
  ///   - line: the line without its LF, not cleaned.
  ///   - nickname: the sender's own, once it has one: `alice: text` from alice says `text`,
  ///     whatever that looks like, so this is also how to say `exit` or `[WHO]:`.
  /// - Throws: `Refusal` with `unknownTag`, `badTag` or `lineTooLong`.
  public init(_ line: Span<UInt8>, from nickname: Nickname? = nil) throws(Refusal) {
    if let nickname, let text = Self.text(of: line, after: nickname) {
      self = Self.isBlank(line.extracting(text)) ? .blank : .text(text)
    } else if Self.isBlank(line) {
      self = .blank
    } else if let tagged = try TaggedLine(line, limit: Limits.clientLineBytes) {
      self = try Self(tagged)
    } else if Self.equals(line, "exit") || Self.equals(line, "{quit}") {
      self = .quit
    } else if Self.isFileEnd(line) {
      self = .fileEnd
    } else {
      self = .text(0..<line.count)
    }
  }

  private init(_ line: TaggedLine) throws(Refusal) {
    switch line.tag {
    case "HELLO": self = .hello(version: line.value)
    case "PASS": self = .password(line.value)
    case "ROOM": self = .room(line.value, since: try line.number("since"))
    case "NEWROOM": self = .newRoom
    case "NICK": self = .nick(line.value)
    case "WHO": self = .who
    case "ROOMS": self = .rooms
    case "QUIT": self = .quit
    case "PING": self = .ping(token: line.value)
    case "PONG": self = .pong
    case "HISTORY":
      guard let count = Self.number(line.value) else {
        throw Refusal(.badTag, "a history query looks like [HISTORY]:100")
      }
      self = .history(
        count: Int(min(count, UInt64(Limits.historyLines))), since: try line.number("since"))
    case "SEARCH":
      guard !Self.isBlank(Array(line.value.utf8).span) else {
        throw Refusal(.badTag, "a search looks like [SEARCH]:words")
      }
      let limit = try line.number("limit") ?? UInt64(Limits.searchLinesByDefault)
      self = .search(
        words: line.value, before: try line.number("before"),
        limit: Int(min(limit, UInt64(Limits.searchLines))))
    case "FILE":
      guard line["id"] == nil else {
        throw Refusal(
          .badTag, "files are sent by HTTP: POST /files (tus), PUT /ROOM/NAME; or as [FILE]:name")
      }
      self = .classicFile(name: line.value)
    case "GET": self = .get(id: line.value, offset: try line.number("offset") ?? 0)
    case "GOT": self = .got(id: line.value)
    case "FILES": self = .files(id: line.value.isEmpty ? nil : line.value)
    case "MSG":
      guard let (name, text) = line.nameAndText, !Self.isBlank(Array(text.utf8).span) else {
        throw Refusal(.badTag, "a private message looks like [MSG]:nickname text")
      }
      self = .message(to: name, text: text)
    default:
      throw Refusal(.unknownTag, "this server does not know [\(line.tag)]")
    }
  }

  /// A number in digits alone; one too large for its type is the largest.
  fileprivate static func number(_ text: String) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
    else { return nil }
    return UInt64(text) ?? .max
  }

  /// Where the text lies if the line begins with `nickname: `.
  private static func text(of line: Span<UInt8>, after nickname: Nickname) -> Range<Int>? {
    var index = 0
    for byte in nickname.text.utf8 {
      guard index < line.count, line[index] == byte else { return nil }
      index += 1
    }
    guard index + 1 < line.count, line[index] == UInt8(ascii: ":"),
      line[index + 1] == UInt8(ascii: " ")
    else { return nil }
    return index + 2..<line.count
  }

  /// Whether there is nothing but Unicode white space.
  private static func isBlank(_ text: Span<UInt8>) -> Bool {
    for index in text.indices {
      switch text[index] {
      case 0x20, 0x09...0x0D: continue
      case 0x21...0x7F: return false
      default:
        return TextCleaner.clean(text.extracting(index..<text.count)).unicodeScalars
          .allSatisfy { $0.properties.isWhitespace }
      }
    }
    return true
  }

  /// Whether it is `<END>`, perhaps with attributes.
  private static func isFileEnd(_ line: Span<UInt8>) -> Bool {
    let word: StaticString = "<END>"
    let count = word.utf8CodeUnitCount
    guard line.count > count else { return equals(line, word) }
    return line[count] == UInt8(ascii: "\t") && equals(line.extracting(0..<count), word)
  }

  private static func equals(_ line: Span<UInt8>, _ word: StaticString) -> Bool {
    guard line.count == word.utf8CodeUnitCount else { return false }
    // Safety: the pointer is to the literal's bytes, which are as many as were just compared.
    for index in line.indices where unsafe line[index] != word.utf8Start[index] { return false }
    return true
  }
}

extension TaggedLine {
  /// The number that an attribute holds; `nil` if it is not there.
  ///
  /// - Throws: `Refusal` with `badTag` if it is not a number.
  fileprivate func number(_ key: String) throws(Refusal) -> UInt64? {
    guard let text = self[key] else { return nil }
    guard let number = ClientLine.number(text) else {
      throw Refusal(.badTag, "\(key)= takes a number")
    }
    return number
  }
}
