package import ChatCore

/// The lines on their way to the server: those to send, and those sent whose arrival is not known
/// yet. Pure.
///
/// What we said comes back in the room's stream, in the order it was sent. After a connection was
/// lost, the stream is read on from where it broke: what of ours has not come back by our own join
/// never arrived, and is sent again. What changes where we are or what we are called (`[ROOM]`,
/// `[NEWROOM]`, `[NICK]`) is answered before anything more is sent, so every line goes where it belongs.
///
/// Questions (`[PING]` with a token of ours) are asked after what the stream does not bring back, and
/// now and then: once one is answered, everything sent before it has been dealt with.
package struct SendQueue: Sendable {
  /// A line to send, without its LF.
  package enum Line: Equatable, Sendable {
    /// As it is: a command, or text that is none.
    case raw([UInt8])
    /// To be said, whatever it looks like.
    case text([UInt8])
    /// A question of the client's own, which files the room has: it asks again by itself.
    case lookup([UInt8])

    var bytes: [UInt8] {
      switch self {
      case .raw(let bytes), .text(let bytes), .lookup(let bytes): bytes
      }
    }
  }

  /// What precedes the number in a question's token.
  package static let tokenPrefix = "chat-client-sent-"

  /// So many bytes of text may be on their way.
  private static let mostBytes = 1_048_576
  /// So many lines.
  private static let mostLines = 32_768
  /// So many bytes are sent at once, and after so many it is asked whether they have arrived.
  private static let batchBytes = 65_536
  /// A short line counts as so many bytes more, or too few questions would be asked.
  private static let lineCost = 8

  // What is not private is shared with `SendQueueReturn.swift`.

  var nickname: Nickname
  var waiting = Fifo<Line>()
  var waitingBytes = 0
  var sent = SentLines()
  var bytesSinceQuestion = 0
  private var questions = 0
  /// The question after the last line of input, once it is asked.
  var lastQuestion: Int?
  /// Nothing more is sent until the last line is answered.
  package internal(set) var isBarred = false
  /// The connection is lost, and we are not back.
  var isAway = false
  /// What the stream says under our nickname from here on is not ours.
  var isParted = false
  var dropped = Dropped()
  /// How many requests were sent and are not answered to their end.
  var openRequests = 0
  /// The questions which files there are whose answers have not ended.
  var openLists = Fifo<OpenList>()
  /// Whether a person is there, who reads what is refused and goes on as they like. Without one a move that is
  /// refused stops everything, as what follows was meant for another room.
  private let isTyped: Bool

  /// Something is lost for good, or may be, and was told of: that is no success.
  package internal(set) var hasLost = false
  /// A move was refused, and nothing more is sent.
  package private(set) var isStopped = false

  /// No more lines will be appended.
  package private(set) var hasEnded = false
  /// The wish to leave has been sent.
  package internal(set) var isLeaving = false
  /// Files come or go: after the last line we stay until they are done.
  package var isHeld = false

  /// Nothing to send, under this nickname.
  ///
  /// - Parameter isTyped: whether a person is there, who reads what is refused.
  package init(nickname: Nickname, isTyped: Bool = false) {
    self.nickname = nickname
    self.isTyped = isTyped
  }

  /// Whether no line should be appended now.
  package var isFull: Bool { isOver(1) }

  /// Whether so much has gone that whoever waits should append again.
  package var isHalfEmpty: Bool { !isOver(2) }

  /// Whether it is over a part of what may be on its way.
  private func isOver(_ divisor: Int) -> Bool {
    waitingBytes + sent.textBytes >= Self.mostBytes / divisor
      || waiting.count + sent.count >= Self.mostLines / divisor
  }

  /// Whether something was sent that has to be answered.
  package var isWaiting: Bool { sent.count > 0 }

  /// How many lines of text are not known to have arrived.
  package var unconfirmedLines: Int { unconfirmed.lines }

  // MARK: Sending

  /// Adds a line.
  package mutating func append(_ line: Line) {
    waiting.append(line)
    waitingBytes += line.bytes.count
  }

  /// Something is lost that never came here.
  package mutating func noteLoss() { hasLost = true }

  /// A line is too long: the server refuses it, which a person is told.
  private mutating func noteUnsendable() { hasLost = hasLost || !isTyped }

  /// The last line has been appended: once all have come back, we leave.
  package mutating func end() { hasEnded = true }

  /// We leave after the lines that have been appended.
  package mutating func leave() {
    append(.raw(Array("[QUIT]:".utf8)))
    end()
  }

  /// The bytes to send now; none if there is nothing, or an answer has to come first.
  package mutating func take() -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < Self.batchBytes, !isBarred, let line = waiting.popFirst() {
      waitingBytes -= line.bytes.count
      switch line {
      case .raw(let line): send(raw: line, to: &bytes)
      case .text(let text): send(text: text, to: &bytes)
      case .lookup(let line):
        note(list: line, isOwn: true)
        Self.append(line, to: &bytes)
      }
    }
    if bytesSinceQuestion >= Self.batchBytes { ask(&bytes) }
    if hasEnded, waiting.isEmpty, !isBarred, !isHeld, lastQuestion == nil {
      ask(&bytes)
      lastQuestion = questions
    }
    return bytes
  }

  private mutating func send(raw line: [UInt8], to bytes: inout [UInt8]) {
    // The server takes it for part of the line's end.
    let line = line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
    if line.count >= Limits.clientLineBytes { noteUnsendable() }
    switch try? ClientLine(line.span, from: nickname) {
    case .blank: break
    case .text(let range): send(text: Array(line[range]), to: &bytes)
    case .room, .newRoom, .nick:
      sent.append(.setting(line))
      Self.append(line, to: &bytes)
      ask(&bytes)
      isBarred = true
    case .message(let name, _):
      sent.append(.message(to: name))
      Self.append(line, to: &bytes)
      ask(&bytes)
    case .quit:
      sent.append(.leave(line))
      Self.append(line, to: &bytes)
      isLeaving = true
      isBarred = true
    // What nobody understands is for the server to refuse.
    case .who, .rooms, .history, .search:
      openRequests += 1
      Self.append(line, to: &bytes)
    case .files:
      openRequests += 1
      note(list: line, isOwn: false)
      Self.append(line, to: &bytes)
    case .hello, .password, .ping, .pong, .classicFile, .file, .data, .fileEnd, .get, .cancel, .got,
      .sums, nil:
      Self.append(line, to: &bytes)
    }
  }

  private mutating func send(text: [UInt8], to bytes: inout [UInt8]) {
    let parsed = try? ClientLine(text.span, from: nickname)
    if parsed == .blank { return }
    // After our own nickname everything is text.
    let prefix = parsed == .text(0..<text.count) ? [] : Array("\(nickname.text): ".utf8)
    var echo: [UInt8] = []
    TextCleaner.append(text.span, to: &echo)
    // A longer one is refused, and never comes back.
    if max(prefix.count + text.count, echo.count) < Limits.clientLineBytes {
      sent.append(.text(text, echo: echo == text ? text : echo))
    } else {
      noteUnsendable()
    }
    Self.append(prefix + text, to: &bytes)
    bytesSinceQuestion += prefix.count + text.count + Self.lineCost
  }

  private mutating func ask(_ bytes: inout [UInt8]) {
    questions += 1
    bytesSinceQuestion = 0
    sent.append(.question(questions))
    bytes.append(contentsOf: TaggedLine("PING", "\(Self.tokenPrefix)\(questions)").encoded())
  }

  private static func append(_ line: [UInt8], to bytes: inout [UInt8]) {
    bytes.append(contentsOf: line)
    bytes.append(UInt8(ascii: "\n"))
  }

  // MARK: What comes back

  /// The stream says something under our nickname.
  package mutating func heard(_ text: String) {
    if !isParted { note(sent.heard(text)) }
  }

  /// Our nickname has left the stream: what it says under it later is somebody else's.
  package mutating func parted() { isParted = true }

  /// A line tells that we are in a room: the answer to `[ROOM]` or `[NEWROOM]`, if it was asked.
  package mutating func moved() { note(sent.settled(\.isSetting)) }

  /// We are called so now: the answer to `[NICK]`.
  package mutating func renamed(to nickname: Nickname) {
    self.nickname = nickname
    note(sent.settled(\.isSetting))
  }

  /// A request is answered to its end, or refused.
  package mutating func requestAnswered() { openRequests = max(0, openRequests - 1) }

  private mutating func note(list line: [UInt8], isOwn: Bool) {
    let id = line.dropFirst("[FILES]:".utf8.count).prefix { $0 != UInt8(ascii: "\t") }
    openLists.append(OpenList(id: String(decoding: id, as: UTF8.self), isOwn: isOwn))
  }

  /// Whether the client asked for the list of files that comes next, not a person or script.
  package var isListOwn: Bool { openLists[0]?.isOwn ?? false }

  /// A list of files has ended.
  ///
  /// - Returns: whether the client asked for it, not a person or script.
  package mutating func listAnswered() -> Bool {
    let isOwn = openLists.popFirst()?.isOwn ?? false
    if !isOwn { requestAnswered() }
    return isOwn
  }

  /// What was asked of a file is refused: if that was which file it is, no list follows.
  ///
  /// - Returns: whether the client asked for it, not a person or script.
  package mutating func listRefused(_ id: String) -> Bool {
    openLists[0]?.id == id ? listAnswered() : false
  }

  /// A receipt of a private message has come.
  package mutating func delivered() { note(sent.settled(\.isMessage)) }

  /// A question is answered, and so all that was sent before it.
  ///
  /// - Returns: whether it was one of ours.
  package mutating func answered(_ token: String) -> Bool {
    guard token.hasPrefix(Self.tokenPrefix),
      let number = Int(token.dropFirst(Self.tokenPrefix.count))
    else { return false }
    let lines = sent.answered(number)
    // A move that was made has gone before.
    isStopped = isStopped || !isTyped && lines.contains { $0.isMove }
    note(lines)
    if number == lastQuestion, !isLeaving {
      // A file that came before the answer is waited for; then it is asked again.
      if isHeld { lastQuestion = nil } else { leave() }
    }
    return true
  }

  /// These lines are dealt with.
  private mutating func note(_ lines: [SentLine]) {
    for line in lines {
      switch line {
      case .setting: isBarred = isStopped
      // What became of it was told on the connection that is lost.
      case .message(let name) where isAway: dropped.messagesTo.append(name)
      case .text, .message, .leave, .question: break
      }
    }
  }
}
