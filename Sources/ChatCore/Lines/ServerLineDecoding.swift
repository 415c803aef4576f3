extension ServerLine {
  /// Reads a line from a server, without its LF. It is cleaned here: a client trusts no server.
  public init(_ line: Span<UInt8>) {
    do {
      if let tagged = try TaggedLine(line, limit: Limits.serverLineBytes) {
        self = Self(tagged) ?? .unknown(TextCleaner.clean(line), isTagged: true)
      } else if let end = try TaggedLine(fileEnd: line, limit: Limits.serverLineBytes) {
        self = end["id"].map { .fileEnd(id: $0) } ?? .unknown("<END>", isTagged: true)
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
    if words.count > 4, words[1] == "sent", let sent = Self.sent(text, by: words[0]) {
      self = sent
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

  /// `alice sent photo.png (48 kB)`: the last parenthesis is the size's, whatever the name holds.
  private static func sent(_ text: String, by nickname: String) -> ServerLine? {
    let rest = text.utf8.dropFirst(nickname.utf8.count + " sent ".utf8.count)
    guard rest.last == UInt8(ascii: ")"), let open = rest.lastIndex(of: UInt8(ascii: "(")),
      open > rest.startIndex
    else { return nil }
    return .sent(
      by: nickname, file: String(decoding: rest[..<open].dropLast(), as: UTF8.self),
      size: String(decoding: rest[open...].dropFirst().dropLast(), as: UTF8.self))
  }

  private init?(_ line: TaggedLine) {
    let isLast = line["end"] == "1"
    switch line.tag {
    case "WELCOME":
      self = .welcome(
        room: line["room"] ?? "", sequence: line["seq"].flatMap { UInt64($0) } ?? 0,
        members: line.count("members") ?? 0,
        maxFileBytes: line["max-file"].flatMap { UInt64($0) } ?? 0)
    case "MSG":
      guard let (from, text) = line.nameAndText, let to = line["to"] else { return nil }
      self = .message(from: from, to: to, text: text)
    case "WHO": self = .who(line.value.split(separator: " ").map(String.init), isLast: isLast)
    case "ROOMS": self = .rooms(line.value.split(separator: " ").map(String.init), isLast: isLast)
    case "ROOM":
      self = .room(
        line.value, sequence: line["seq"].flatMap { UInt64($0) } ?? 0,
        members: line.count("members") ?? 0)
    case "PAST":
      if isLast {
        self = .pastEnd
      } else {
        guard let sequence = line["seq"].flatMap({ UInt64($0) }) else { return nil }
        self = .past(
          line.value, sequence: sequence, time: line["time"] ?? "", file: line["file"])
      }
    case "FILE":
      if let offset = line["offset"].flatMap({ UInt64($0) }), let token = line["id"] {
        self = .uploadStart(name: line.value, token: token, offset: offset)
      } else {
        guard let offer = FileOffer(line) else { return nil }
        self = .file(offer)
      }
    case "FILES":
      if isLast {
        self = .listEnd
      } else {
        guard let offer = FileOffer(line) else { return nil }
        self = .listed(offer, time: line["time"] ?? "")
      }
    case "DATA":
      guard let offset = line["offset"].flatMap({ UInt64($0) }),
        let size = line["size"].flatMap({ UInt64($0) })
      else { return nil }
      self = .data(id: line.value, offset: offset, size: size)
    case "CANCEL": self = .cancelled(id: line.value)
    case "GOT":
      guard let have = line.count("have"), let all = line.count("of") else { return nil }
      self = .got(id: line.value, have: have, of: all)
    case "SUMS":
      guard let id = line["id"], let from = line["from"].flatMap({ UInt64($0) }) else { return nil }
      self = .sums(
        line.value.split(separator: " ").map(String.init), id: id, from: from, isLast: isLast)
    case "PING": self = .ping(token: line.value)
    case "PONG": self = .pong(token: line.value)
    case "NOTICE": self = .notice(line.value)
    case "ERROR":
      let code = line["code"] ?? ""
      self =
        line["id"].map { .fileError(code: code, reason: line.value, id: $0) }
        ?? .error(code: code, reason: line.value)
    default: return nil
    }
  }
}

extension TaggedLine {
  /// An attribute that counts something; `nil` if it is missing, no number, or less than nothing.
  fileprivate func count(_ key: String) -> Int? {
    self[key].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
  }
}
