package import ChatCore

/// The lines on their way to the server: those to send, and those sent whose arrival is not known yet. Pure.
///
/// The client's own text comes back in the room's stream, in the order it was sent. After a connection was lost, the
/// stream is read on from where it broke: what of the text has not come back by the client's next join never arrived,
/// and is sent again. What changes the room or the nickname (`[ROOM]`, `[NEWROOM]`, `[NICK]`) is answered before
/// anything more is sent, so every line goes where it belongs.
///
/// Questions (`[PING]` with a token of the client's own) follow what the stream does not bring back, and each batch of
/// text: once one is answered, the server has dealt with everything sent before it.
package struct SendQueue: Sendable {
  /// What precedes the number in a question's token.
  package static let tokenPrefix = "chat-client-sent-"

  /// Limit: of the bytes of text on their way.
  private static let mostBytes = 1_048_576
  /// Limit: of the lines on their way.
  private static let mostLines = 32_768
  /// So many bytes are sent at once, and after as many follows a question.
  private static let batchBytes = 65_536
  /// What a line counts beside its bytes, or too few questions would follow short ones.
  private static let lineCost = 8

  private var nickname: Nickname
  private var waiting = Fifo<OutgoingLine>()
  private var waitingBytes = 0
  private var sent = SentLines()
  private var requests = OpenRequests()
  private var dropped = Dropped()

  private var bytesSinceQuestion = 0
  private var questions = 0
  /// The question after the last line of input, once it is asked.
  private var lastQuestion: Int?
  /// Nothing more is sent until a change of room or nickname, or the wish to leave, is answered.
  package private(set) var isBarred = false
  /// The connection is lost.
  private var isAway = false
  /// Another client may have the nickname: what the stream says under it from here on is not the client's.
  private var isParted = false
  /// Whether a person is there, who reads what is refused and goes on as they like. Without one a move that is
  /// refused stops everything, as what follows was meant for another room.
  private let isTyped: Bool

  /// Something is lost for good, or may be, and was reported: that is no success.
  package private(set) var hasLost = false
  /// A move was refused, and nothing more is sent.
  package private(set) var isStopped = false

  /// No more lines will be appended.
  package private(set) var hasEnded = false
  /// The wish to leave has been sent.
  package private(set) var isLeaving = false
  /// Files are transferred: after the last line the client stays until they are done.
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

  /// Whether so much has gone that the input should go on.
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
  package mutating func append(_ line: OutgoingLine) {
    waiting.append(line)
    waitingBytes += line.bytes.count
  }

  /// Something is lost that never came to this queue.
  package mutating func noteLoss() { hasLost = true }

  /// A line is too long: the server refuses it, which a person reads.
  private mutating func noteUnsendable() { hasLost = hasLost || !isTyped }

  /// The last line has been appended: once all have come back, the client leaves.
  package mutating func end() { hasEnded = true }

  /// The client leaves after the lines that have been appended.
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
        requests.add(list: line, isOwn: true)
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
    case .who, .rooms, .history, .search:
      requests.add()
      Self.append(line, to: &bytes)
    case .files:
      requests.add(list: line, isOwn: false)
      Self.append(line, to: &bytes)
    // The server refuses what it does not understand.
    case .hello, .password, .ping, .pong, .classicFile, .fileEnd, .get, .got, nil:
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

  /// The stream says something under the client's nickname.
  package mutating func heard(_ text: String) {
    if !isParted { note(sent.heard(text)) }
  }

  /// The nickname has left the stream: what is said under it later is another client's.
  package mutating func parted() { isParted = true }

  /// The server says in which room the client is: the answer to `[ROOM]` or `[NEWROOM]`, if it was asked.
  package mutating func moved() { note(sent.answered(\.isSetting)) }

  /// The client has this nickname now: the answer to `[NICK]`.
  package mutating func renamed(to nickname: Nickname) {
    self.nickname = nickname
    note(sent.answered(\.isSetting))
  }

  /// A request is answered to its end, or refused.
  package mutating func requestAnswered() { requests.answered() }

  /// Whether the client asked for the list of files that comes next, not a person or script.
  package var isListOwn: Bool { requests.isListOwn }

  /// A list of files has ended.
  ///
  /// - Returns: whether the client asked for it, not a person or script.
  package mutating func listAnswered() -> Bool { requests.listAnswered() }

  /// A request about a file is refused: if it was for a list, no list follows.
  ///
  /// - Returns: whether the client asked for it, not a person or script.
  package mutating func listRefused(_ id: String) -> Bool { requests.listRefused(id) }

  /// A receipt of a private message has come.
  package mutating func delivered() { note(sent.answered(\.isMessage)) }

  /// A question is answered, and so all that was sent before it.
  ///
  /// - Returns: whether it was one of the client's own.
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

  /// These lines are acknowledged.
  private mutating func note(_ lines: [SentLine]) {
    for line in lines {
      switch line {
      case .setting: isBarred = isStopped
      // Its receipt was lost with the connection.
      case .message(let name) where isAway: dropped.messagesTo.append(name)
      case .text, .message, .leave, .question: break
      }
    }
  }

  // MARK: Connections

  /// The connection is lost. What the stream brings from now on was published before the client's next join.
  package mutating func lost() {
    isAway = true
    dropped.requests += requests.removeAll()
  }

  /// The client is in again, and the gap has come: what of the client's text it did not hold is to be sent again.
  ///
  /// - Parameters:
  ///   - isElsewhere: the room is gone; what was meant for it must not be published elsewhere.
  ///   - isUnsure: the gap could not be closed, so it is not known what it would have held.
  /// - Returns: what was dropped.
  package mutating func resume(isElsewhere: Bool = false, isUnsure: Bool = false) -> Dropped {
    let plan = ResendPlan(
      sent: sent.elements, waiting: waiting.elements, nickname: nickname,
      isElsewhere: isElsewhere, isUnsure: isUnsure, dropped: dropped)
    sent.removeAll()
    waiting.removeAll()
    waitingBytes = 0
    for line in plan.lines { append(line) }
    (isBarred, isLeaving, isAway, isParted) = (false, false, false, false)
    (bytesSinceQuestion, lastQuestion) = (0, nil)
    dropped = Dropped()
    if plan.dropped != Dropped() { hasLost = true }
    return plan.dropped
  }

  /// What would be lost if the client ended now.
  package var unconfirmed: Unconfirmed {
    var result = Unconfirmed(requests: requests.count)
    for line in sent.elements {
      if line.isText { result.lines += 1 }
      if line.isMessage { result.messages += 1 }
    }
    result.messages += dropped.messagesTo.count
    // What follows the wish to leave is not sent.
    for line in isLeaving ? [] : waiting.elements {
      switch line.meaning(from: nickname) {
      case .text: result.lines += 1
      case .message: result.messages += 1
      case .who, .rooms, .history, .search, .files: result.requests += 1
      case .quit: return result
      default: break
      }
    }
    return result
  }
}
