internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The connections to the server, one after another: each is entered, followed to its end, and replaced.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class ConnectionLoop {
  /// How long a handshake may take once the server can be reached again.
  private static let handshakeTimeout: Duration = .seconds(15)
  /// How long being let into the lobby may take once the wanted room is refused.
  private static let lobbyTimeout: Duration = .seconds(2)
  /// How long a server that asks for a nickname may take to end that line.
  private static let lineEndTimeout: Duration = .seconds(5)
  /// A connection that lasted this long resets the pauses between attempts.
  private static let steadyTime: Duration = .seconds(10)

  private let route: ServerRoute
  private let options: ClientOptions
  private let isTyped: Bool
  private let conversation: Conversation
  private let outgoing: OutgoingQueue
  private let transfers: FileTransfers
  private let mailbox: TransferMailbox
  private let output: any ClientOutput
  private let clock: ClientClock
  private var watch: LifeWatch
  /// How many bytes of files had passed at the last look.
  private var passedBytes: UInt64 = 0

  init(
    over route: ServerRoute, options: ClientOptions, isTyped: Bool, conversation: Conversation,
    outgoing: OutgoingQueue, transfers: FileTransfers, mailbox: TransferMailbox,
    output: any ClientOutput, clock: ClientClock
  ) {
    (self.route, self.options, self.isTyped) = (route, options, isTyped)
    (self.conversation, self.outgoing, self.transfers) = (conversation, outgoing, transfers)
    (self.mailbox, self.output, self.clock) = (mailbox, output, clock)
    watch = LifeWatch(now: clock.moment)
  }

  /// Follows a connection, and those after it.
  ///
  /// - Parameter connection: one that was entered through.
  /// - Throws: how the client ends.
  func run(_ connection: Connection) throws(ClientExit) -> Never {
    var connection = connection
    var policy = route.policy(clock.moment)
    while true {
      let start = clock.now
      try follow(connection)
      if clock.now - start >= Self.steadyTime {
        policy = route.policy(clock.moment)
      }
      connection = try reconnect(&policy)
    }
  }

  // MARK: The handshake

  /// Shakes hands for the first time.
  func enter(
    _ connection: Connection, until deadline: MonotonicTime
  ) throws(ClientExit) -> HandshakeResult {
    try enter(connection, room: options.room, since: nil, until: deadline)
  }

  /// Waits for `NICK`, answers it, and waits to be let in.
  private func enter(
    _ connection: Connection, room: String?, since: UInt64?, until deadline: MonotonicTime
  ) throws(ClientExit) -> HandshakeResult {
    let receiver = connection.receiver
    var handshake = ClientHandshake(
      nickname: conversation.nickname.text, isReturning: conversation.lostRoom != nil && room != nil
    )
    var deadline = deadline
    let lineEnd = min(deadline, clock.now + Self.lineEndTimeout)
    // A server that sends lines without end does not extend the time.
    while clock.now < deadline {
      let wakeTime = !handshake.isAsked && clock.now < lineEnd ? lineEnd : deadline
      guard let line = receiver.receive(until: wakeTime) else {
        if receiver.beginning == .stranger { return .stranger(ClientHandshake.notGreeted) }
        if receiver.isAskedWithoutEnd { return .stranger(ClientHandshake.withoutLineEnds) }
        if receiver.isAtEnd || wakeTime == deadline { return .ended }
        continue
      }
      switch handshake.take(line) {
      case .ignore: break
      case .introduce:
        connection.send(TaggedLine("HELLO", "1"))
        if let room {
          let attributes = since.map { [TaggedLine.Attribute("since", "\($0)")] } ?? []
          connection.send(TaggedLine("ROOM", room, attributes))
        }
        connection.send("\(conversation.nickname.text)\n")
      case .sendNickname: connection.send("\(conversation.nickname.text)\n")
      case .roomGone:
        guard isTyped else {
          throw try conversation.end("the room \(conversation.lostRoom ?? "") is gone")
        }
        deadline = clock.now + Self.lobbyTimeout
        conversation.forgetRoom()
      case .refused(let code, let reason): return .refused(code: code, reason: reason)
      case .stranger(let reason): return .stranger(reason)
      case .follow: try conversation.follow(line)
      case .enter:
        try conversation.follow(line)
        return .entered
      }
      try conversation.flush()
    }
    return .ended
  }

  // MARK: One connection

  /// Follows a connection to its end.
  ///
  /// - Throws: how the client ends, if it is not to reconnect.
  private func follow(_ connection: Connection) throws(ClientExit) {
    if conversation.catchUp == nil {
      try conversation.resume(over: connection.stream, isUnsure: true)
    }
    try conversation.flush()
    watch = LifeWatch(now: clock.moment)
    var silence: LifeWatch.Silence?
    while let item = next(from: connection, &silence) {
      switch item {
      case .signal: transfers.readMail()
      case .line(let line):
        let wasCatchingUp = conversation.catchUp != nil
        try conversation.follow(line)
        if wasCatchingUp, conversation.catchUp == nil {
          try conversation.resume(over: connection.stream)
        }
      }
      try conversation.displayTransfers()
      try conversation.flush(now: !connection.receiver.hasNext)
      if !connection.receiver.hasNext { transfers.displayStatus() }
    }
    // A client that waits for the last answers alone does not wait for another connection.
    if let silence, !isTyped, outgoing.isEnding, !outgoing.hasLeft {
      try conversation.endTransfers("ended, because \(silence)")
      throw try conversation.end("\(silence)")
    }
    try conversation.interrupt()
    connection.stream.shutdownBoth()
    if conversation.hasSaidGoodbye || outgoing.hasLeft {
      try conversation.endTransfers()
      throw outgoing.hasLost ? .lost : .left
    }
    if isTyped, outgoing.isEnding, !transfers.isBusy { throw outgoing.exitWithoutServer(output) }
    guard options.reconnects else {
      try conversation.endTransfers()
      output.complain("the connection is lost")
      throw .lost
    }
  }

  /// Waits for what comes next; `nil` when the connection has ended, or must end.
  ///
  /// - Parameter silence: is set if it must end because the server is silent.
  private func next(
    from connection: Connection, _ silence: inout LifeWatch.Silence?
  ) -> Receiver.Item? {
    let receiver = connection.receiver
    while true {
      if !receiver.hasNext, transfers.endStalled() { return nil }
      let look = MonotonicTime(watch.nextLook)
      let deadline = min(look, transfers.statusTime ?? look, transfers.stallTime ?? look)
      let item = receiver.item(until: deadline, or: mailbox)
      // The time that passes until the next wait is not counted as the server's silence.
      switch item {
      case nil where receiver.isAtEnd: return nil
      case nil:
        transfers.displayStatus()
        watch.heard(isWord: false, at: receiver.lastReceipt.moment)
      case .signal: watch.heard(isWord: false, at: receiver.lastReceipt.moment)
      case .line(let line):
        watch.heard(isWord: LifeWatch.isWord(line), at: clock.moment)
      }
      // Also after each item, or a server that never answers would be waited for without end; but only once all that
      // a read has brought was looked at.
      if let item, receiver.hasNext { return item }
      // What comes and goes of files shows that the server lives.
      let passed = transfers.passedBytes
      if passed != passedBytes { watch.heard(isWord: true, at: clock.moment) }
      passedBytes = passed
      switch watch.look(isAwaited: isAwaited, now: clock.moment) {
      case .wait: break
      // A server without rooms does not know `[PING]`.
      case .ask where conversation.position.room != nil:
        outgoing.reply(TaggedLine("PING", LifeWatch.token))
      case .ask: break
      case .gone(let found) where isAwaited || conversation.position.room != nil:
        silence = found
        return nil
      case .gone: watch = LifeWatch(now: clock.moment)
      }
      if let item { return item }
    }
  }

  /// Whether the client waits for an answer.
  private var isAwaited: Bool {
    conversation.catchUp != nil || outgoing.isWaiting || transfers.isWaiting
  }

  // MARK: The next connection

  /// Connects again.
  ///
  /// - Throws: how the client ends, if it can't.
  private func reconnect(_ policy: inout ReconnectPolicy) throws(ClientExit) -> Connection {
    try conversation.startReconnecting()
    var random = SystemRandomNumberGenerator()
    var failure: ReconnectPolicy.Failure?
    while let pause = policy.pause(
      after: failure, now: clock.moment, using: &random)
    {
      transfers.wait(until: clock.now + pause)
      try conversation.displayTransfers()
      try conversation.flush()
      // The last transfer that was waited for may have ended.
      if isTyped, outgoing.isEnding, !transfers.isBusy { throw outgoing.exitWithoutServer(output) }
      switch try attempt() {
      case .success(let connection):
        policy.succeeded(now: clock.moment)
        return connection
      case .failure(let reason): failure = reason
      }
    }
    try conversation.endTransfers()
    guard failure != .nicknameInUse else {
      let reason = "the nickname '\(conversation.nickname.text)' is still in use"
      output.complain(outgoing.unconfirmed.text(after: reason))
      throw .refused
    }
    throw outgoing.exitWithoutServer(wantsToLeave: false, output)
  }

  /// Tries to connect again.
  private func attempt() throws(ClientExit) -> Result<Connection, ReconnectPolicy.Failure> {
    guard let connection = try route.connect() else { return .failure(.unreachable) }
    conversation.startCatchUp()
    let position = conversation.position
    let entry = try enter(
      connection, room: position.room, since: position.sequence,
      until: clock.now + Self.handshakeTimeout)
    if case .entered = entry {
      if conversation.catchUp != nil { connection.send(TaggedLine("PING", CatchUp.token)) }
      return .success(connection)
    }
    conversation.cancelCatchUp()
    connection.stream.shutdownBoth()
    guard case .refused(let code, let reason) = entry else { return .failure(.unreachable) }
    if ErrorCode(rawValue: code) == .nickInUse { return .failure(.nicknameInUse) }
    if ClientExit(refusedWith: code) == .refused {
      output.complain(reason)
      throw .refused
    }
    return .failure(.unreachable)
  }
}

/// How a handshake ended.
package enum HandshakeResult: Sendable {
  case entered
  case refused(code: String, reason: String)
  /// It is no server for this client, and why.
  case stranger(String)
  /// The connection was lost, or the time was over.
  case ended
}
