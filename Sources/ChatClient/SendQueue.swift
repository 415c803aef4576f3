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

    fileprivate var bytes: [UInt8] {
      switch self {
      case .raw(let bytes), .text(let bytes): bytes
      }
    }
  }

  /// What was on its way when the connection broke, and is not sent again.
  package struct Dropped: Equatable, Sendable {
    /// Whom private messages were for whose receipts have not come.
    package var messagesTo: [String] = []
    /// How many lines that were to be said in a room that is gone.
    package var lines = 0

    /// Makes a list of nothing, or of these.
    package init(messagesTo: [String] = [], lines: Int = 0) {
      self.messagesTo = messagesTo
      self.lines = lines
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

  private var nickname: Nickname
  private var waiting = Fifo<Line>()
  private var waitingBytes = 0
  private var sent = SentLines()
  private var bytesSinceQuestion = 0
  private var questions = 0
  /// The question after the last line of input, once it is asked.
  private var lastQuestion: Int?
  /// Nothing more is sent until the last line is answered.
  private var isBarred = false
  /// The connection is lost, and we are not back.
  private var isAway = false
  /// What the stream says under our nickname from here on is not ours.
  private var isParted = false
  private var dropped = Dropped()

  /// No more lines will be appended.
  package private(set) var hasEnded = false
  /// The wish to leave has been sent.
  package private(set) var isLeaving = false

  /// Nothing to send, under this nickname.
  package init(nickname: Nickname) { self.nickname = nickname }

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
  package var unconfirmedLines: Int {
    // What follows the wish to leave is said to nobody.
    sent.elements.count(where: \.isText) + (isLeaving ? 0 : waiting.elements.count(where: says))
  }

  /// Whether a line is text.
  private func says(_ line: Line) -> Bool {
    switch line {
    case .text: return true
    case .raw(let bytes):
      if case .text? = try? ClientLine(bytes.span, from: nickname) { return true }
      return false
    }
  }

  // MARK: Sending

  /// Adds a line.
  package mutating func append(_ line: Line) {
    waiting.append(line)
    waitingBytes += line.bytes.count
  }

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
      }
    }
    if bytesSinceQuestion >= Self.batchBytes { ask(&bytes) }
    if hasEnded, waiting.isEmpty, !isBarred, lastQuestion == nil {
      ask(&bytes)
      lastQuestion = questions
    }
    return bytes
  }

  private mutating func send(raw line: [UInt8], to bytes: inout [UInt8]) {
    // The server takes it for part of the line's end.
    let line = line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
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
    case .hello, .password, .who, .rooms, .history, .search, .ping, .pong, nil:
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

  /// A receipt of a private message has come.
  package mutating func delivered() { note(sent.settled(\.isMessage)) }

  /// A question is answered, and so all that was sent before it.
  ///
  /// - Returns: whether it was one of ours.
  package mutating func answered(_ token: String) -> Bool {
    guard token.hasPrefix(Self.tokenPrefix),
      let number = Int(token.dropFirst(Self.tokenPrefix.count))
    else { return false }
    note(sent.answered(number))
    if number == lastQuestion, !isLeaving { leave() }
    return true
  }

  /// These lines are dealt with.
  private mutating func note(_ lines: [SentLine]) {
    for line in lines {
      switch line {
      case .setting: isBarred = false
      // What became of it was told on the connection that is lost.
      case .message(let name) where isAway: dropped.messagesTo.append(name)
      case .text, .message, .leave, .question: break
      }
    }
  }

  // MARK: A lost connection

  /// The connection is lost. What the stream brings now was said before we come back.
  package mutating func lost() { isAway = true }

  /// We are back, and all that was missed has come: what of ours it did not hold is to be sent again.
  ///
  /// - Parameter isElsewhere: the room is gone; what was to be said there must not be said elsewhere.
  /// - Returns: what was dropped.
  package mutating func resume(isElsewhere: Bool = false) -> Dropped {
    var lines: [Line] = []
    for line in sent.elements {
      switch line {
      case .text(let text, _): lines.append(.text(text))
      case .setting(let line), .leave(let line): lines.append(.raw(line))
      case .message(let name): dropped.messagesTo.append(name)
      case .question: break
      }
    }
    lines += waiting.elements
    if isElsewhere {
      let kept = lines.prefix { !isMove($0) }.filter { !says($0) }
      let later = lines.drop { !isMove($0) }
      dropped.lines = lines.count - kept.count - later.count
      lines = kept + later
    }
    sent.removeAll()
    waiting.removeAll()
    waitingBytes = 0
    for line in lines { append(line) }
    (isBarred, isLeaving, isAway, isParted) = (false, false, false, false)
    (bytesSinceQuestion, lastQuestion) = (0, nil)
    defer { dropped = Dropped() }
    return dropped
  }

  private func isMove(_ line: Line) -> Bool {
    guard case .raw(let bytes) = line else { return false }
    switch try? ClientLine(bytes.span, from: nickname) {
    case .room, .newRoom: return true
    default: return false
    }
  }
}
