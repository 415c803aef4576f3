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
  /// `alice sent photo.png (48 kB)`: the size as `ByteCount` has it.
  case sent(by: String, file: String, size: String)

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
  /// `[PAST]:alice: text` with `seq=` and `time=`: a line that the room said, and when (RFC 3339); with the id
  /// of the file that it tells of.
  case past(String, sequence: UInt64, time: String, file: String? = nil)
  /// `[PAST]:` with `end=1`: there are no more of them.
  case pastEnd
  /// `[FILE]:name` with `id=`, `from=`, `size=`, `sha256=`: it is there to get.
  case file(FileOffer)
  /// `[FILE]:name` with `id=`, the sender's own token, and `offset=`: the server has so much of an upload.
  case uploadStart(name: String, token: String, offset: UInt64)
  /// `[DATA]:id` with `offset=` and `size=`: so many raw bytes follow.
  case data(id: String, offset: UInt64, size: UInt64)
  /// `<END>` with `id=`: all of a download has come.
  case fileEnd(id: String)
  /// `[CANCEL]:id`: a transfer has ended before its time.
  case cancelled(id: String)
  /// `[GOT]:id` with `have=` and `of=`: how many of those who were offered a file have it now.
  case got(id: String, have: Int, of: Int)
  /// `[FILES]:name` with the attributes of an offer and `time=`: a file of this room.
  case listed(FileOffer, time: String)
  /// `[FILES]:` with `end=1`: there are no more of them.
  case listEnd
  /// `[SUMS]:` with `id=`, `from=`: the beginnings of the SHA-256 of blocks; the last line says `end=1`.
  case sums([String], id: String, from: UInt64, isLast: Bool)
  /// `[ERROR]:reason` with `code=` and the `id=` of the transfer that it is about.
  case fileError(code: String, reason: String, id: String)
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

  /// The `[ERROR]` line that tells of a transfer's refusal.
  public static func error(_ refusal: Refusal, id: String) -> ServerLine {
    .fileError(code: refusal.code.rawValue, reason: refusal.reason, id: id)
  }

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
    case .sent(let nickname, let file, let size): Self.plain("\(nickname) sent \(file) (\(size))")
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
  ///   - file: the id of the file that it tells of.
  ///   - output: where the line goes.
  public static func appendPast(
    _ line: [UInt8], sequence: UInt64, time: String, file: String? = nil, to output: inout [UInt8]
  ) {
    output.append(contentsOf: "[PAST]:".utf8)
    // A value holds no TAB.
    for byte in line { output.append(byte == UInt8(ascii: "\t") ? UInt8(ascii: " ") : byte) }
    output.append(contentsOf: "\tseq=\(sequence)\ttime=\(time)".utf8)
    if let file { output.append(contentsOf: "\tfile=\(file)".utf8) }
    output.append(UInt8(ascii: "\n"))
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
    case .past(let text, let sequence, let time, let file):
      TaggedLine(
        "PAST", text,
        [.init("seq", "\(sequence)"), .init("time", time)]
          + (file.map { [.init("file", $0)] } ?? []))
    case .pastEnd: TaggedLine("PAST", "", [.init("end", "1")])
    case .file(let offer): TaggedLine("FILE", offer.name, offer.attributes)
    case .uploadStart(let name, let token, let offset):
      TaggedLine("FILE", name, [.init("id", token), .init("offset", "\(offset)")])
    case .data(let id, let offset, let size):
      TaggedLine("DATA", id, [.init("offset", "\(offset)"), .init("size", "\(size)")])
    case .fileEnd(let id): TaggedLine("END", "", [.init("id", id)])
    case .cancelled(let id): TaggedLine("CANCEL", id)
    case .got(let id, let have, let all):
      TaggedLine("GOT", id, [.init("have", "\(have)"), .init("of", "\(all)")])
    case .listed(let offer, let time):
      TaggedLine("FILES", offer.name, offer.attributes + [.init("time", time)])
    case .listEnd: Self.list("FILES", [], true)
    case .sums(let sums, let id, let from, let isLast):
      TaggedLine(
        "SUMS", sums.joined(separator: " "),
        [.init("id", id), .init("from", "\(from)")] + (isLast ? [.init("end", "1")] : []))
    case .fileError(let code, let reason, let id):
      TaggedLine("ERROR", reason, [.init("code", code), .init("id", id)])
    case .ping(let token): TaggedLine("PING", token)
    case .pong(let token): TaggedLine("PONG", token)
    case .notice(let text): TaggedLine("NOTICE", text)
    case .error(let code, let reason): TaggedLine("ERROR", reason, [.init("code", code)])
    case .said, .joined, .left, .renamed, .sent, .nicknameWanted, .connected, .goodbye, .youAreIn,
      .unknown:
      TaggedLine("", "")
    }
  }

  private static func list(_ tag: String, _ names: [String], _ isLast: Bool) -> TaggedLine {
    TaggedLine(tag, names.joined(separator: " "), isLast ? [.init("end", "1")] : [])
  }

  private static func plain(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }
}

extension Refusal {
  /// A line was longer than a client may send.
  public static let lineTooLong = Refusal(
    .lineTooLong, "a line has at most \(Limits.clientLineBytes) bytes")
}
