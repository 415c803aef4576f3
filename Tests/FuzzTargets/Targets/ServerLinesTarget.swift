internal import ChatCore
internal import ChatServer

/// The server's framer, parser and handshake. The input is the seed of the pieces, a byte of choices, and what a
/// client sends.
enum ServerLinesTarget {
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let choices = reader.byte()
    let seed = UInt64(reader.byte())
    guard let nickname = try? Nickname(choices & 1 == 0 ? "alice" : "Zoë-ß_9.") else { return }
    var handshake = Handshake()
    var isIn = choices & 2 != 0
    let items = FramedStream.items(
      of: Array(reader.rest), seed: seed, limit: Limits.clientLineBytes
    ) { line in
      do throws(Refusal) { return try ClientLine(line, from: nickname).payload } catch {
        return ClientLine.payload(ofRefused: line)
      }
    }
    for item in items {
      switch item {
      case .line(let line):
        if !isIn { isIn = shakeHands(line, &handshake) }
        take(line, from: nickname)
      case .tooLong: Demands.roundTrip(.error(.lineTooLong))
      case .bytes, .bytesEnd: break
      }
    }
  }

  /// - Returns: whether the client has a nickname now.
  private static func shakeHands(_ line: [UInt8], _ handshake: inout Handshake) -> Bool {
    let parsed: Result<ClientLine, Refusal>
    do throws(Refusal) { parsed = .success(try ClientLine(line.span)) } catch {
      parsed = .failure(error)
    }
    let step = handshake.receive(parsed, text: TextCleaner.clean(line.span)) {
      $0.kind != .private
    }
    switch step {
    case .wait: return false
    case .answer(let lines):
      for line in lines { Demands.roundTrip(line) }
      return false
    case .choose(let nickname):
      // A third of all nicknames are taken already.
      guard nickname.text.utf8.count % 3 == 0 else { return true }
      _ = handshake.refused(Refusal(.nickInUse, "somebody is called so"))
      return false
    case .end(let lines, _):
      for line in lines { Demands.roundTrip(line) }
      return true
    }
  }

  private static func take(_ line: [UInt8], from nickname: Nickname) {
    let cleaned = TextCleaner.clean(line.span)
    Demands.clean(Array(cleaned.utf8), "a cleaned text")
    let parsed: ClientLine
    do throws(Refusal) {
      retag(line)
      parsed = try ClientLine(line.span, from: nickname)
    } catch {
      return Demands.roundTrip(.error(error))
    }
    switch parsed {
    case .text(let range): say(Array(line[range]), nickname)
    case .message(let to, let text):
      guard let receiver = try? Nickname(to) else { return }
      // The server's lines are longer by more than two nicknames take.
      Demands.roundTrip(.message(from: nickname.text, to: receiver.text, text: text))
    case .nick(let name):
      guard let new = try? Nickname(name) else { return }
      demand((try? Nickname(new.text))?.text == new.text, "\(new) is another nickname")
      Demands.roundTrip(.room(.renamed(from: nickname.text, to: new.text)))
      Demands.roundTrip(.room(.joined(new.text)))
      Demands.roundTrip(.room(.left(new.text)))
    case .room(let name, _):
      guard let room = try? RoomName(name) else { return }
      demand((try? RoomName(room.text)) == room, "\(room) is another room")
      Demands.roundTrip(.session(.room(room.text, sequence: .max, members: 1)))
      Demands.roundTrip(.session(.youAreIn(room.text)))
    case .ping(let token): Demands.roundTrip(.control(.pong(token: token)))
    case .classicFile(let name): send(name, size: UInt64(line.count), nickname)
    case .get(let id, _): Demands.roundTrip(.error(.lineTooLong, id: id))
    case .history(let count, _): demand(0...Limits.historyLines ~= count, "\(count) lines")
    case .search(_, _, let limit): demand(0...Limits.searchLines ~= limit, "\(limit) lines")
    case .blank, .quit, .hello, .password, .newRoom, .who, .rooms, .fileEnd, .got, .files, .pong:
      break
    }
  }

  /// What is said reads as what was said, by whoever said it.
  private static func say(_ text: [UInt8], _ nickname: Nickname) {
    var line: [UInt8] = []
    do throws(Refusal) {
      try RoomLine.appendSaid(
        prefix: Array("\(nickname.text): ".utf8), text: text.span, to: &line)
    } catch {
      return demand(line.isEmpty, "something is left of a refused line")
    }
    Demands.line(line, "what \(nickname) says")
    demand(line.count <= Limits.serverLineBytes, "\(nickname) says too much")
    let cleaned = TextCleaner.clean(text.span)
    let decoded = ServerLine(Array(line.dropLast()).span)
    demand(decoded == .room(.said(by: nickname.text, text: cleaned)), "it reads as \(decoded)")
    var past: [UInt8] = []
    ReplyLine.appendPast(
      Array(line.dropLast()), sequence: .max, time: Timestamp.text(.max), file: "k3Fq9ZxY1bQw",
      to: &past)
    Demands.line(past, "what \(nickname) said")
    let value = cleaned.replacing("\t", with: " ")
    guard
      case .reply(.past(let told, .max, _, "k3Fq9ZxY1bQw")) = ServerLine(
        Array(past.dropLast()).span),
      told.utf8.elementsEqual("\(nickname.text): \(value)".utf8)
    else { return demand(past.count > Limits.serverLineBytes, "the past reads otherwise") }
  }

  /// A file's name is one, and the line that tells of it says which.
  private static func send(_ raw: String, size: UInt64, _ nickname: Nickname) {
    FileNames.check(raw)
    guard let name = try? FileName(raw) else { return }
    Demands.roundTrip(
      .room(.sent(by: nickname.text, file: name.text, size: ByteCount.text(size))))
    let offer = SharedFile(
      id: "k3Fq9ZxY1bQw", name: name.text, sender: nickname.text, sizeBytes: size,
      digest: SHA256Digest(InlineArray(repeating: 0)))
    Demands.roundTrip(.transfer(.file(offer)))
    Demands.roundTrip(.transfer(.listed(offer, time: Timestamp.text(0))))
  }

  /// A tagged line that is encoded and read again is the same.
  private static func retag(_ line: [UInt8]) {
    guard let tagged = try? TaggedLine(line.span, limit: Limits.clientLineBytes) else { return }
    let bytes = tagged.encoded()
    Demands.line(bytes, "\(tagged)")
    let again = try? TaggedLine(Array(bytes.dropLast()).span, limit: Limits.clientLineBytes)
    demand(again == tagged, "\(tagged) reads as \(String(describing: again))")
  }
}

/// What holds for the names of files, whoever gives them.
enum FileNames {
  static func check(_ raw: String) {
    check(FileName(from: raw))
    guard let strict = try? FileName(raw) else { return }
    check(strict)
    demand(FileName(from: raw) == strict, "\(strict) is another name to a client")
  }

  private static func check(_ name: FileName) {
    isComponent(name.text)
    for number in [1, 2, 99_999] { isComponent(name.received(number)) }
    demand((try? FileName(name.text)) == name, "\(name) is another name")
  }

  private static func isComponent(_ text: String) {
    Demands.clean(Array(text.utf8), "the name of a file")
    demand(1...Limits.fileNameBytes ~= text.utf8.count, "a name of \(text.utf8.count) bytes")
    demand(text != "." && text != ".." && !text.utf8.contains(UInt8(ascii: "/")), text)
  }
}
