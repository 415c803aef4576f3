internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// What outlives each connection to the server: the nickname, the place in the room's stream, what was displayed. It
/// follows the lines that the server sends.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class Conversation {
  private let outgoing: OutgoingQueue
  private let transfers: FileTransfers
  private let output: any ClientOutput
  private let isTyped: Bool
  private var display: Display

  private(set) var nickname: Nickname
  private(set) var position = StreamPosition()
  /// Set while the lines of the gap come in.
  private(set) var catchUp: CatchUp?
  /// The room to return to, until the client is there.
  private(set) var lostRoom: String?
  /// The connection was lost, and the reconnection is not displayed yet.
  private var isAway = false
  private(set) var hasSaidGoodbye = false
  /// What catching up has not brought since the last time that nothing was missing.
  private var gap = CatchUp.Gap.none
  /// How many lines the history query, or search, that is coming in has brought.
  private var pastLines = 0

  init(
    nickname: Nickname, isTyped: Bool, outgoing: OutgoingQueue, transfers: FileTransfers,
    renderer: Renderer, output: any ClientOutput
  ) {
    (self.nickname, self.isTyped) = (nickname, isTyped)
    (self.outgoing, self.transfers, self.output) = (outgoing, transfers, output)
    display = Display(renderer: renderer, output: output)
  }

  // MARK: What the server says

  /// Follows a line, in its order: the gap is displayed before what happens now.
  func follow(_ line: ServerLine) throws(ClientExit) {
    let file: String? = if case .reply(.past(_, _, _, let file)) = line { file } else { nil }
    switch catchUp?.take(line) {
    case nil, .pass: try live(line)
    case .hold: break
    case .missed(let line, let sequence):
      position.follow(missed: sequence)
      if let file { transfers.missed(line, file: file, nickname: nickname.text) }
      try missed(line)
    case .over(let lines, let gap):
      catchUp = nil
      self.gap = gap
      switch gap {
      case .none: break
      case .lines(let count): try display.display(.missed(count))
      case .unknown: try display.display(.historyRestarted)
      }
      for line in lines { try live(line) }
    }
  }

  /// A line that was published while the connection was lost.
  private func missed(_ line: ServerLine) throws(ClientExit) {
    switch line {
    case .room(.said(by: nickname.text, let text)): outgoing.note { $0.heard(text) }
    // From here on another client may have the nickname.
    case .room(.left(nickname.text)), .room(.renamed(from: nickname.text, to: _)),
      .room(.joined(nickname.text)),
      .room(.renamed(from: _, to: nickname.text)):
      outgoing.note { $0.parted() }
    default: break
    }
    try display.display(line, nickname: nickname.text)
  }

  /// A line that is published now.
  private func live(_ line: ServerLine) throws(ClientExit) {
    position.follow(line, nickname: nickname.text)
    let isOfTransfers = transfers.follow(line, nickname: nickname.text)
    try displayTransfers()
    if isOfTransfers { return }
    switch line {
    case .room(.said(by: nickname.text, let text)): outgoing.note { $0.heard(text) }
    case .room(.renamed(from: nickname.text, let new)):
      // A nickname that this client does not accept could not be sent in a handshake; the old one can.
      if let name = try? Nickname(new) {
        nickname = name
        outgoing.noteAnswer { $0.renamed(to: name) }
      }
    case .session(.room): outgoing.noteAnswer { $0.moved() }
    case .message(from: nickname.text, _, _): outgoing.note { $0.delivered() }
    // One that was not asked for ends the connection, not what the client has to do.
    case .session(.goodbye): hasSaidGoodbye = outgoing.isLeaving
    case .control(.ping(let token)): return outgoing.reply(TaggedLine("PONG", token))
    case .control(.pong(token: CatchUp.token)), .control(.pong(token: LifeWatch.token)): return
    case .control(.pong(let token)):
      if outgoing.noteAnswer({ $0.answered(token) }) {
        if outgoing.isStopped { throw try end("what follows a refused room is not sent") }
        return
      }
    case .reply(.who(_, isLast: true)), .reply(.rooms(_, isLast: true)), .control(.error):
      outgoing.note { $0.requestAnswered() }
    case .reply(.past): pastLines += 1
    case .reply(.pastEnd):
      outgoing.note { $0.requestAnswered() }
      if pastLines == 0 { try display.display(.nothingFound) }
      pastLines = 0
    case .session(.connected) where isAway:
      isAway = false
      return try display.display(.connectedAgain)
    default: break
    }
    try display.display(line, nickname: nickname.text)
  }

  // MARK: Display

  /// Displays what there is to say about transfers.
  func displayTransfers() throws(ClientExit) {
    for notice in transfers.takeNotices() {
      try display.display(.transfer(notice))
      if case .saved(_, _, let path, _) = notice {
        // It comes after the line that reports it.
        try display.flush()
        output.drawPicture(FilePath(path))
      }
    }
  }

  /// Writes what was gathered; only if there is much of it, unless it is `now`.
  func flush(now: Bool = true) throws(ClientExit) {
    if now || display.isFull { try display.flush() }
  }

  /// Ends because what is still to be said was meant for another room, and there is no person to ask.
  ///
  /// - Returns: how the client ends.
  func end(_ reason: String) throws(ClientExit) -> ClientExit {
    try display.flush()
    output.complain(outgoing.unconfirmed.text(after: reason))
    return .lost
  }

  /// Ends all transfers, and says why.
  func endTransfers(
    _ reason: String = "ended, because the connection is lost"
  ) throws(ClientExit) {
    // A person may have given them up.
    transfers.readMail()
    transfers.endAll(reason)
    try displayTransfers()
    try display.flush()
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() throws(ClientExit) {
    outgoing.detach()
    transfers.interrupt()
    try displayTransfers()
    if let catchUp { gap = catchUp.gap }
    catchUp = nil
    pastLines = 0
    position.stay()
  }

  /// The client starts to reconnect.
  func startReconnecting() throws(ClientExit) {
    lostRoom = lostRoom ?? position.room
    if !isAway { try display.display(.connectionLost) }
    isAway = true
    try display.flush()
  }

  /// A handshake begins that asks for what was missed.
  func startCatchUp() {
    catchUp = nil
    if let room = position.room, let sequence = position.sequence {
      catchUp = CatchUp(room: room, since: sequence, after: gap)
    }
  }

  /// The handshake has failed.
  func cancelCatchUp() { catchUp = nil }

  /// The room to return to is gone. Should this handshake not lead to the lobby, the next one does, which names no
  /// room.
  func forgetRoom() {
    position = StreamPosition()
    catchUp = nil
  }

  /// All that was missed has come: now what the client has to say may follow.
  ///
  /// - Parameter isUnsure: it is not known what of the client's lines has arrived; if `nil`, whether the gap was
  ///   closed tells.
  func resume(over stream: any ClientTransport, isUnsure: Bool? = nil) throws(ClientExit) {
    let isUnsure = isUnsure ?? (gap != .none)
    gap = .none
    let isElsewhere = lostRoom != nil && position.room != lostRoom
    if isElsewhere, let lostRoom {
      guard isTyped else { throw try end("the room \(lostRoom) is gone") }
      // A person must not take the lobby for that room.
      try display.display(.roomGone(lostRoom))
      try display.flush()
    }
    lostRoom = nil
    let dropped = outgoing.attach(stream, isElsewhere: isElsewhere, isUnsure: isUnsure)
    if dropped.lines > 0 { try display.display(.linesDropped(dropped.lines)) }
    if dropped.unsureLines > 0 { try display.display(.linesUnsure(dropped.unsureLines)) }
    for name in dropped.messagesTo { try display.display(.messageUnsure(to: name)) }
    if dropped.requests > 0 { try display.display(.notAnswered(dropped.requests)) }
    transfers.resume(isElsewhere: isElsewhere)
    try displayTransfers()
  }
}
