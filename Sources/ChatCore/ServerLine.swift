/// A line that the server sends.
public enum ServerLine: Sendable, Equatable {
  // The room's stream: the same bytes for everyone in it.

  /// `alice: text`.
  case said(by: String, text: String)
  /// `alice joined!`.
  case joined(String)
  /// `alice left!`.
  case left(String)
  /// `alice is now bob`.
  case renamed(from: String, to: String)

  // The handshake, and the end.

  /// `NICK`: choose a nickname.
  case nicknameWanted
  /// `[WELCOME]:1`, to a client that said `[HELLO]`: the room, the number of the room's line just
  /// before this one, how many are in the room, and the largest file taken, in bytes.
  case welcome(room: String, sequence: UInt64, members: Int, maxFileBytes: UInt64)
  /// `Connected to server!`.
  case connected
  /// `Bye!`.
  case goodbye

  // To one client alone.

  /// `[MSG]:alice text` with `to=bob`.
  case message(from: String, to: String, text: String)
  /// `[WHO]:alice bob`; the last line of an answer says `end=1`.
  case who([String], isLast: Bool)
  /// `[ROOMS]:lobby=3`; the last line of an answer says `end=1`.
  case rooms([String], isLast: Bool)
  /// `[ROOM]:name` with `seq=` and `members=`.
  case room(String, sequence: UInt64, members: Int)
  /// `You are in lobby`, the same to a classic client.
  case youAreIn(String)
  /// `[PAST]:alice: text` with `seq=` and `time=`: a line that the room said, and when (RFC 3339).
  case past(String, sequence: UInt64, time: String)
  /// `[PAST]:` with `end=1`: there are no more of them.
  case pastEnd
  /// `[PING]:token`.
  case ping(token: String)
  /// `[PONG]:token`.
  case pong(token: String)
  /// `[NOTICE]:text`.
  case notice(String)
  /// `[ERROR]:reason` with `code=`, which may be one this version has no name for.
  case error(code: String, reason: String)

  /// A line this version does not know: a client shows nothing of it if it has a tag.
  case unknown(String, isTagged: Bool)

  /// The `[ERROR]` line that tells of a refusal.
  public static func error(_ refusal: Refusal) -> ServerLine {
    .error(code: refusal.code.rawValue, reason: refusal.reason)
  }
}

// MARK: - Encoding

extension ServerLine {
  /// The line's bytes with its LF.
  ///
  /// Nicknames are `Nickname`s' and texts are cleaned already, except in tagged lines, whose values
  /// are cleaned here and lose their TABs.
  public func encoded() -> [UInt8] {
    switch self {
    case .said(let nickname, let text): Self.plain("\(nickname): \(text)")
    case .joined(let nickname): Self.plain("\(nickname) joined!")
    case .left(let nickname): Self.plain("\(nickname) left!")
    case .renamed(let old, let new): Self.plain("\(old) is now \(new)")
    case .nicknameWanted: Self.plain("NICK")
    case .connected: Self.plain("Connected to server!")
    case .goodbye: Self.plain("Bye!")
    case .youAreIn(let room): Self.plain("You are in \(room)")
    case .unknown(let text, _): Self.plain(text)
    default: tagged.encoded()
    }
  }

  /// Appends `nickname: text` LF, the text cleaned: the line that a busy room consists of.
  ///
  /// - Parameters:
  ///   - prefix: the nickname's bytes, `: ` after them.
  ///   - text: what was said, not cleaned.
  ///   - output: where the line goes; unchanged if the line is refused.
  /// - Throws: `Refusal` with `lineTooLong` if the text is over the limit once cleaned.
  public static func appendSaid(
    prefix: [UInt8], text: Span<UInt8>, to output: inout [UInt8]
  ) throws(Refusal) {
    let start = output.count
    output.append(contentsOf: prefix)
    TextCleaner.append(text, to: &output)
    output.append(UInt8(ascii: "\n"))
    guard output.count - start - prefix.count <= Limits.clientLineBytes else {
      output.removeLast(output.count - start)
      throw .lineTooLong
    }
  }

  /// Appends `[PAST]:line` with its number and time: the line that a look back consists of.
  ///
  /// - Parameters:
  ///   - line: what the room said, without LF, clean as it is in every room's stream.
  ///   - sequence: its number.
  ///   - time: when, as `Timestamp` has it.
  ///   - output: where the line goes.
  public static func appendPast(
    _ line: [UInt8], sequence: UInt64, time: String, to output: inout [UInt8]
  ) {
    output.append(contentsOf: "[PAST]:".utf8)
    // A value holds no TAB.
    for byte in line { output.append(byte == UInt8(ascii: "\t") ? UInt8(ascii: " ") : byte) }
    output.append(contentsOf: "\tseq=\(sequence)\ttime=\(time)\n".utf8)
  }

  /// The lines of a list that may be too long for one, the last of them marked.
  public static func split(_ items: [String], _ line: ([String], Bool) -> ServerLine)
    -> [ServerLine]
  {
    var lines: [ServerLine] = []
    var batch: [String] = []
    var bytes = 0
    for item in items {
      if bytes + item.utf8.count > Limits.clientLineBytes - 64 {
        lines.append(line(batch, false))
        batch = []
        bytes = 0
      }
      batch.append(item)
      bytes += item.utf8.count + 1
    }
    return lines + [line(batch, true)]
  }

  private var tagged: TaggedLine {
    switch self {
    case .welcome(let room, let sequence, let members, let maxFileBytes):
      TaggedLine(
        "WELCOME", "1",
        [
          .init("room", room), .init("seq", "\(sequence)"), .init("members", "\(members)"),
          .init("max-file", "\(maxFileBytes)"),
        ])
    case .message(let from, let to, let text):
      TaggedLine("MSG", "\(from) \(text)", [.init("to", to)])
    case .who(let names, let isLast): Self.list("WHO", names, isLast)
    case .rooms(let names, let isLast): Self.list("ROOMS", names, isLast)
    case .room(let name, let sequence, let members):
      TaggedLine("ROOM", name, [.init("seq", "\(sequence)"), .init("members", "\(members)")])
    case .past(let text, let sequence, let time):
      TaggedLine("PAST", text, [.init("seq", "\(sequence)"), .init("time", time)])
    case .pastEnd: TaggedLine("PAST", "", [.init("end", "1")])
    case .ping(let token): TaggedLine("PING", token)
    case .pong(let token): TaggedLine("PONG", token)
    case .notice(let text): TaggedLine("NOTICE", text)
    case .error(let code, let reason): TaggedLine("ERROR", reason, [.init("code", code)])
    case .said, .joined, .left, .renamed, .nicknameWanted, .connected, .goodbye, .youAreIn,
      .unknown:
      TaggedLine("", "")
    }
  }

  private static func list(_ tag: String, _ names: [String], _ isLast: Bool) -> TaggedLine {
    TaggedLine(tag, names.joined(separator: " "), isLast ? [.init("end", "1")] : [])
  }

  private static func plain(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }
}

// MARK: - Decoding

extension ServerLine {
  /// Reads a line from a server, without its LF. It is cleaned here: a client trusts no server.
  public init(_ line: Span<UInt8>) {
    do {
      if let tagged = try TaggedLine(line, limit: Limits.serverLineBytes) {
        self = Self(tagged) ?? .unknown(TextCleaner.clean(line), isTagged: true)
      } else {
        self = Self(plain: TextCleaner.clean(line))
      }
    } catch {
      self = .unknown(TextCleaner.clean(line), isTagged: true)
    }
  }

  /// Reads a line of a room's stream: what a `[PAST]` line tells of.
  public init(stream text: String) { self = Self(plain: text) }

  /// Reads a line without a tag.
  ///
  /// At the byte: a Swift `Character` may be a space and the mark that follows it, and whoever begins
  /// a text with such a mark must not make it read as another kind of line.
  private init(plain text: String) {
    let words = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    if words.count > 1, words[0].utf8.count > 1, words[0].utf8.last == UInt8(ascii: ":") {
      let start = text.utf8.index(text.startIndex, offsetBy: words[0].utf8.count + 1)
      self = .said(
        by: String(decoding: words[0].utf8.dropLast(), as: UTF8.self),
        text: String(decoding: text.utf8[start...], as: UTF8.self))
      return
    }
    switch words.count {
    case 1 where text == "NICK": self = .nicknameWanted
    case 1 where text == "Bye!": self = .goodbye
    case 3 where text == "Connected to server!": self = .connected
    case 2 where words[1] == "joined!": self = .joined(words[0])
    case 2 where words[1] == "left!": self = .left(words[0])
    case 4 where words[1] == "is" && words[2] == "now":
      self = .renamed(from: words[0], to: words[3])
    case 4 where words[0] == "You" && words[1] == "are" && words[2] == "in":
      self = .youAreIn(words[3])
    default: self = .unknown(text, isTagged: false)
    }
  }

  private init?(_ line: TaggedLine) {
    let isLast = line["end"] == "1"
    switch line.tag {
    case "WELCOME":
      self = .welcome(
        room: line["room"] ?? "", sequence: line["seq"].flatMap { UInt64($0) } ?? 0,
        members: line["members"].flatMap { Int($0) } ?? 0,
        maxFileBytes: line["max-file"].flatMap { UInt64($0) } ?? 0)
    case "MSG":
      guard let (from, text) = line.nameAndText, let to = line["to"] else { return nil }
      self = .message(from: from, to: to, text: text)
    case "WHO": self = .who(line.value.split(separator: " ").map(String.init), isLast: isLast)
    case "ROOMS": self = .rooms(line.value.split(separator: " ").map(String.init), isLast: isLast)
    case "ROOM":
      self = .room(
        line.value, sequence: line["seq"].flatMap { UInt64($0) } ?? 0,
        members: line["members"].flatMap { Int($0) } ?? 0)
    case "PAST":
      if isLast {
        self = .pastEnd
      } else {
        guard let sequence = line["seq"].flatMap({ UInt64($0) }) else { return nil }
        self = .past(line.value, sequence: sequence, time: line["time"] ?? "")
      }
    case "PING": self = .ping(token: line.value)
    case "PONG": self = .pong(token: line.value)
    case "NOTICE": self = .notice(line.value)
    case "ERROR": self = .error(code: line["code"] ?? "", reason: line.value)
    default: return nil
    }
  }
}

extension Refusal {
  /// A line was longer than a client may send.
  public static let lineTooLong = Refusal(
    .lineTooLong, "a line has at most \(Limits.clientLineBytes) bytes")
}
