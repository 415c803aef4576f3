internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// A conversation with the server, over one connection after another: where we are, what we are called
/// and what we have seen outlive each.
///
/// Thread: one at a time; the main thread until it is in, the receive thread from then on.
final class Conversation {
  /// How long coming back may take once the server can be reached.
  private static let handshakeTimeout: Duration = .seconds(15)
  /// How long being let into the lobby may take once the room we wanted is refused.
  private static let lobbyTimeout: Duration = .seconds(2)
  /// How long a server that asks for a nickname may take to end that line.
  private static let lineEndTimeout: Duration = .seconds(5)
  /// A connection that lasted so long was no failure to come back.
  private static let steadyTime: Duration = .seconds(10)

  /// How a handshake ended.
  enum Entry {
    case entered
    case refused(code: String, reason: String)
    /// It is no server for us, and why.
    case stranger(String)
    /// The connection was lost, or the time was over.
    case ended
  }

  // What is not private is shared with `ConversationLines.swift`.

  /// How the server is reached, and how often it is tried.
  struct Route {
    /// `nil` if the server can't be reached.
    let connect: () -> Connection?
    let plan: (Moment) -> ReconnectPolicy

    /// Over TCP, with the pauses that a server is owed.
    init(to address: Address) {
      connect = { try? Connection(to: address) }
      plan = { ReconnectPolicy(now: $0) }
    }

    /// Over whatever `connect` makes.
    init(
      plan: @escaping (Moment) -> ReconnectPolicy, connect: @escaping () -> Connection?
    ) {
      (self.connect, self.plan) = (connect, plan)
    }
  }

  private let options: ClientOptions
  /// Whoever loses the connection comes back to the same server, whose lines are numbered alike.
  private let route: Route
  let outgoing: Outgoing
  let transfers: Transfers
  private let mailbox: TransferMailbox
  private let isTyped: Bool
  var display: Display
  /// Shows images that have been saved; `nil` where nobody wants to see them.
  let pictures: Pictures?

  var nickname: Nickname
  var position = StreamPosition()
  /// Set while what was missed comes in.
  var catchUp: CatchUp?
  /// The room to come back to, until we are there.
  private var lostRoom: String?
  /// The connection was lost, and its return has not been told.
  var isAway = false
  var hasSaidGoodbye = false
  /// What the missed lines have not brought since the last time that all was well.
  var gap = CatchUp.Gap.none
  /// How many lines the look back, or search, that is coming in has brought.
  var pastLines = 0
  private var watch = LifeWatch(now: MonotonicTime.now.moment)

  init(
    over route: Route, options: ClientOptions, outgoing: Outgoing, transfers: Transfers,
    mailbox: TransferMailbox, display: Display, pictures: Pictures?, isTyped: Bool,
    nickname: Nickname
  ) {
    self.route = route
    self.options = options
    self.outgoing = outgoing
    (self.transfers, self.mailbox) = (transfers, mailbox)
    self.display = display
    self.pictures = pictures
    self.isTyped = isTyped
    self.nickname = nickname
    transfers.isTyped = isTyped
  }

  // MARK: Connections

  /// Shakes hands for the first time.
  func enter(
    _ connection: Connection, until deadline: MonotonicTime
  ) throws(ClientExit) -> Entry {
    try enter(connection, room: options.room, since: nil, until: deadline)
  }

  /// Follows a connection, and those after it.
  ///
  /// - Parameter connection: one that was entered through.
  /// - Throws: how the client ends.
  func run(_ connection: Connection) throws(ClientExit) -> Never {
    var connection = connection
    var plan = route.plan(MonotonicTime.now.moment)
    while true {
      let start = MonotonicTime.now
      try converse(connection)
      if MonotonicTime.now - start >= Self.steadyTime {
        plan = route.plan(MonotonicTime.now.moment)
      }
      connection = try comeBack(&plan)
    }
  }

  /// Follows a connection to its end.
  ///
  /// - Throws: how the client ends, if it is not to come back.
  private func converse(_ connection: Connection) throws(ClientExit) {
    if catchUp == nil { try resume(connection, isUnsure: true) }
    try display.flush()
    watch = LifeWatch(now: MonotonicTime.now.moment)
    var silence: LifeWatch.Silence?
    while let item = next(from: connection, &silence) {
      switch item {
      case .signal: transfers.readMail()
      case .bytes(let range): connection.receiver.withBytes(range) { transfers.take($0) }
      case .line(let line):
        let wasCatchingUp = catchUp != nil
        try follow(line)
        if wasCatchingUp, catchUp == nil { try resume(connection, isUnsure: gap != .none) }
      }
      try tellOfTransfers()
      if !connection.receiver.hasNext || display.isFull { try display.flush() }
      if !connection.receiver.hasNext { transfers.showStatus() }
    }
    // Whoever waits for the last answers alone does not wait for another connection.
    if let silence, !isTyped, outgoing.isEnding, !outgoing.hasLeft {
      try endTransfers("ended, because \(silence)")
      throw try end("\(silence)")
    }
    if connection.receiver.isBroken {
      try display.tell(.transfer(.remark("the server breaks the protocol")))
    }
    outgoing.detach()
    transfers.interrupt()
    try tellOfTransfers()
    connection.stream.shutdownBoth()
    if let catchUp { gap = catchUp.gap }
    catchUp = nil
    pastLines = 0
    position.stay()
    if hasSaidGoodbye || outgoing.hasLeft {
      try endTransfers()
      throw outgoing.hasLost ? .lost : .left
    }
    if isTyped, outgoing.isEnding, !transfers.isBusy { throw outgoing.exitWithoutServer() }
    guard options.comesBack else {
      try endTransfers()
      Screen.complain("the connection is lost")
      throw .lost
    }
  }

  /// Names the transfers that end with us.
  private func endTransfers(
    _ reason: String = "ended, because the connection is lost"
  ) throws(ClientExit) {
    // A person may have given them up.
    transfers.readMail()
    transfers.endAll(reason)
    try tellOfTransfers()
    try display.flush()
  }

  /// Waits for what comes next; `nil` when the connection has ended, or must have.
  ///
  /// - Parameter silence: is set if it must have, because the server is silent.
  private func next(
    from connection: Connection, _ silence: inout LifeWatch.Silence?
  ) -> Receiver.Item? {
    let receiver = connection.receiver
    while true {
      if !receiver.hasNext, let consequence = transfers.endStalled(on: connection.stream) {
        // What is to be told is told after any signal.
        return consequence == .lose ? nil : .signal
      }
      let look = MonotonicTime(watch.nextLook)
      let deadline = min(look, transfers.statusTime ?? look, transfers.stallTime ?? look)
      let item = receiver.item(until: deadline, or: mailbox)
      // The time that passes until we listen again is no silence of the server's.
      switch item {
      case nil where receiver.isAtEnd: return nil
      case nil:
        transfers.showStatus()
        watch.heard(isWord: false, at: receiver.lastReceipt.moment)
      case .signal: watch.heard(isWord: false, at: receiver.lastReceipt.moment)
      case .line(let line):
        watch.heard(isWord: LifeWatch.isWord(line), at: MonotonicTime.now.moment)
      case .bytes: watch.heard(isWord: true, at: MonotonicTime.now.moment)
      }
      // Whatever comes, or a server that says nothing to the point would be waited for without end; but only once
      // all that a read has brought was looked at.
      if let item, receiver.hasNext { return item }
      switch watch.look(
        transfers.going(over: connection.stream), isAwaited: isAwaited,
        now: MonotonicTime.now.moment)
      {
      case .wait: break
      // Who has not welcomed us knows no questions.
      case .ask: if position.room != nil { outgoing.reply(TaggedLine("PING", LifeWatch.token)) }
      case .gone(let found) where isAwaited || position.room != nil:
        silence = found
        return nil
      case .gone: watch = LifeWatch(now: MonotonicTime.now.moment)
      }
      if let item { return item }
    }
  }

  /// Whether something of ours waits for an answer.
  private var isAwaited: Bool { catchUp != nil || outgoing.isWaiting || transfers.isWaiting }

  /// All that was missed has come: now what we have to say may follow.
  ///
  /// - Parameter isUnsure: nobody knows what of ours has arrived.
  private func resume(_ connection: Connection, isUnsure: Bool) throws(ClientExit) {
    gap = .none
    let isElsewhere = lostRoom != nil && position.room != lostRoom
    if isElsewhere, let lostRoom {
      guard isTyped else { throw try end("the room \(lostRoom) is gone") }
      // Whoever types must not take the lobby for that room.
      try display.tell(.roomGone(lostRoom))
      try display.flush()
    }
    lostRoom = nil
    let dropped = outgoing.attach(
      connection.stream, isElsewhere: isElsewhere, isUnsure: isUnsure)
    if dropped.lines > 0 { try display.tell(.linesDropped(dropped.lines)) }
    if dropped.unsureLines > 0 { try display.tell(.linesUnsure(dropped.unsureLines)) }
    for name in dropped.messagesTo { try display.tell(.messageUnsure(to: name)) }
    if dropped.requests > 0 { try display.tell(.notAnswered(dropped.requests)) }
    transfers.resume(isElsewhere: isElsewhere)
    try tellOfTransfers()
  }

  /// Ends because what is still to be said was meant for another room, and nobody is there to ask.
  ///
  /// - Returns: how the client ends.
  func end(_ reason: String) throws(ClientExit) -> ClientExit {
    try display.flush()
    outgoing.complain(reason)
    return .lost
  }

  /// Connects again.
  ///
  /// - Throws: how the client ends, if it can't.
  private func comeBack(_ plan: inout ReconnectPolicy) throws(ClientExit) -> Connection {
    lostRoom = lostRoom ?? position.room
    if !isAway { try display.tell(.connectionLost) }
    isAway = true
    try display.flush()
    var random = SystemRandomNumberGenerator()
    var failure: ReconnectPolicy.Failure?
    while let pause = plan.pause(after: failure, now: MonotonicTime.now.moment, using: &random) {
      transfers.wait(until: .now + pause)
      try tellOfTransfers()
      try display.flush()
      // The last of what was waited for may have ended.
      if isTyped, outgoing.isEnding, !transfers.isBusy { throw outgoing.exitWithoutServer() }
      switch try attempt() {
      case .success(let connection):
        plan.succeeded(now: MonotonicTime.now.moment)
        return connection
      case .failure(let reason): failure = reason
      }
    }
    try endTransfers()
    guard failure != .nicknameInUse else {
      outgoing.complain("the nickname '\(nickname.text)' is still in use")
      throw .refused
    }
    throw outgoing.exitWithoutServer(wantsToLeave: false)
  }

  /// Tries to connect again.
  private func attempt() throws(ClientExit) -> Result<Connection, ReconnectPolicy.Failure> {
    guard let connection = route.connect() else {
      return .failure(.unreachable)
    }
    catchUp = nil
    if let room = position.room, let sequence = position.sequence {
      catchUp = CatchUp(room: room, since: sequence, after: gap)
    }
    let entry = try enter(
      connection, room: position.room, since: position.sequence,
      until: .now + Self.handshakeTimeout)
    if case .entered = entry {
      if catchUp != nil { connection.send(TaggedLine("PING", CatchUp.token)) }
      return .success(connection)
    }
    catchUp = nil
    connection.stream.shutdownBoth()
    guard case .refused(let code, let reason) = entry else { return .failure(.unreachable) }
    switch ErrorCode(rawValue: code) {
    case .nickInUse: return .failure(.nicknameInUse)
    default:
      if Client.exit(after: code) == .refused {
        Screen.complain(reason)
        throw .refused
      }
    }
    return .failure(.unreachable)
  }

  /// Waits for `NICK`, answers it, and waits to be let in. Before that nothing is said: whoever asks for no nickname
  /// is none of ours.
  private func enter(
    _ connection: Connection, room: String?, since: UInt64?, until deadline: MonotonicTime
  ) throws(ClientExit) -> Entry {
    let receiver = connection.receiver
    var deadline = deadline
    let lineEnd = min(deadline, .now + Self.lineEndTimeout)
    let isReturning = lostRoom != nil && room != nil
    var isRoomGone = false
    var isAsked = false
    var hasJoined = false
    // Lines without end let nobody in either.
    while .now < deadline {
      let wakeTime = !isAsked && .now < lineEnd ? lineEnd : deadline
      guard let line = receiver.receive(until: wakeTime) else {
        if receiver.beginning == .stranger { return .stranger(Self.noChat("begin with NICK")) }
        if receiver.isAskedWithoutEnd {
          return .stranger(
            "is a chat server without line ends, which this client does not speak with")
        }
        if receiver.isAtEnd || wakeTime == deadline { return .ended }
        continue
      }
      switch line {
      case .nicknameWanted where !isAsked:
        isAsked = true
        introduce(connection, room: room, since: since)
      // The one that follows the room's refusal is answered already: we did not wait with the nickname.
      case .nicknameWanted where isRoomGone: break
      case .nicknameWanted: connection.send("\(nickname.text)\n")
      case .error(ErrorCode.roomNotFound.rawValue, _) where isReturning && !isRoomGone:
        guard isTyped else { throw try end("the room \(lostRoom ?? "") is gone") }
        // Should that not lead to the lobby now, the next attempt does, which names no room.
        isRoomGone = true
        deadline = .now + Self.lobbyTimeout
        position = StreamPosition()
        catchUp = nil
      case .error(let code, let reason): return .refused(code: code, reason: reason)
      case .connected where isAsked:
        try follow(line)
        return .entered
      case _ where Self.isTakenForNickname(line):
        return .stranger("is a chat server that does not know [HELLO]; join it with nc")
      case _ where !hasJoined && isOfRoom(line):
        return .stranger(Self.noChat(isAsked ? "let us join" : "begin with NICK"))
      default:
        switch line {
        case .joined, .welcome: hasJoined = true
        default: break
        }
        try follow(line)
      }
      try display.flush()
    }
    return .ended
  }

  /// Says all that is to be said before we are let in.
  private func introduce(_ connection: Connection, room: String?, since: UInt64?) {
    connection.send(TaggedLine("HELLO", "1"))
    if let room {
      connection.send(TaggedLine("ROOM", room, since.map { [.init("since", "\($0)")] } ?? []))
    }
    connection.send("\(nickname.text)\n")
  }

  private static func noChat(_ what: String) -> String {
    "is no chat server of this kind: it does not \(what)"
  }

  /// Whether a line shows that our first one was taken for a nickname, or sent back.
  private static func isTakenForNickname(_ line: ServerLine) -> Bool {
    line.encoded().starts(with: "[HELLO]:1".utf8)
  }

  /// Whether a line is one of a room, which nobody reads before they have joined.
  private func isOfRoom(_ line: ServerLine) -> Bool {
    switch line {
    case .joined(let name): name != nickname.text
    case .said, .left, .renamed, .sent, .connected, .goodbye, .youAreIn, .unknown(_, false): true
    default: false
    }
  }
}
