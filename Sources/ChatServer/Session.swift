internal import ChatCore
internal import ChatSystem

/// One client's thread: it reads lines, does what they ask, and sees the client off.
///
/// Thread: its own. What others know of the client is its `Peer`.
final class Session {
  /// How long a client that leaves may take to read its last lines.
  private static let departureLimit: Duration = .seconds(5)
  /// How often it is looked at whether it has.
  private static let departureCheckInterval: Duration = .milliseconds(10)
  /// An answer costs a token for each so many bytes: a list of thousands is no single line.
  private static let answerBytesPerToken = 8_192
  /// So many empty lines cost as much as one that says something.
  private static let emptyLinesPerToken = 64

  private let peer: Peer
  private let server: ServerState
  private var room: Room { server.lobby }

  private var framer = LineFramer(limit: Limits.clientLineBytes)
  private var handshake = Handshake()
  private var bucket: TokenBucket
  private let handshakeDeadline: MonotonicTime

  /// Set once the client is in the room.
  private var nickname: Nickname?
  /// How many tokens the lines of the present chunk have cost.
  private var linesTaken = 0
  private var emptyLines = 0
  /// `alice: `, as it stands before everything she says.
  private var prefix: [UInt8] = []
  /// Set once the session is to end.
  private var reason: CloseReason?
  /// The peer's side of the stream has ended.
  private var isAtEnd = false

  init(peer: Peer, server: ServerState) {
    self.peer = peer
    self.server = server
    let now = MonotonicTime.now
    bucket = TokenBucket(rate: server.options.rate, burst: 10 * server.options.rate, now: now)
    handshakeDeadline = now + .seconds(server.options.handshakeTimeoutSeconds)
  }

  /// Serves the client until it is gone.
  func run() {
    peer.stream.sendAtOnce()
    peer.stream.detectLoss(idle: 60, interval: 15)
    sendNow([Handshake.greeting])
    while reason == nil { receive() }
    depart()
  }

  // MARK: Receiving

  /// Waits for bytes and does what their lines ask.
  private func receive() {
    do {
      guard try waitUntilReadable() else { return }
      let buffers = server.buffers.take()
      defer { server.buffers.give(buffers) }
      let count = try peer.stream.receive(into: &buffers.input)
      if let interruption = peer.interruptionReason {
        reason = interruption
      } else if count > 0 {
        let input = buffers.input
        linesTaken = 0
        framer.feed(input.span.extracting(0..<count)) { take($0, buffers) }
        // Bytes without lines are work too: a stream of them costs as much as its longest lines.
        spend(count / Limits.clientLineBytes - linesTaken, buffers)
      } else {
        isAtEnd = true
        framer.finish { take($0, buffers) }
      }
      flush(buffers)
      if isAtEnd { reason = reason ?? .endOfStream }
    } catch {
      isAtEnd = true
      reason = .connectionLost
    }
  }

  private func waitUntilReadable() throws(SystemError) -> Bool {
    if nickname != nil { return try peer.stream.waitUntilReadable() }
    let left = handshakeDeadline - .now
    if left > .zero, try peer.stream.waitUntilReadable(for: left) { return true }
    reason = .handshakeTimeout
    return false
  }

  private func take(_ frame: borrowing LineFrame, _ buffers: WorkBuffers) {
    guard reason == nil else { return }
    switch frame {
    case .line(let line):
      // An empty line is hardly any work.
      let isEmpty = line.isEmpty
      emptyLines += isEmpty ? 1 : 0
      if !isEmpty || emptyLines % Self.emptyLinesPerToken == 0 { spend(1, buffers) }
      guard reason == nil else { return }
      if nickname == nil { shakeHands(line) } else { converse(line, buffers) }
    case .tooLong:
      spend(1, buffers)
      guard reason == nil else { return }
      if nickname == nil {
        carryOut(handshake.refused(.lineTooLong))
      } else {
        refuse(.lineTooLong, buffers)
      }
    }
  }

  /// Takes tokens; a client that sends faster than it may waits here, and TCP holds it back.
  private func spend(_ tokens: Int, _ buffers: WorkBuffers) {
    guard tokens > 0, reason == nil else { return }
    linesTaken += tokens
    let wait = bucket.take(tokens, now: .now)
    guard wait > .zero else { return }
    flush(buffers)
    if nickname == nil {
      let left = handshakeDeadline - .now
      peer.pause(for: min(wait, left))
      if wait >= left { reason = .handshakeTimeout }
    } else {
      peer.pause(for: wait)
    }
    reason = peer.interruptionReason ?? reason
  }

  // MARK: The handshake

  private func shakeHands(_ line: Span<UInt8>) {
    let parsed: Result<ClientLine, Refusal>
    do { parsed = .success(try ClientLine(line)) } catch { parsed = .failure(error) }
    carryOut(handshake.receive(parsed, text: TextCleaner.clean(line), room: room.name))
  }

  private func carryOut(_ step: Handshake.Step) {
    switch step {
    case .wait: break
    case .answer(let lines): sendNow(lines)
    case .end(let lines, let reason):
      self.reason = reason
      // The reason's own last line follows when the session departs.
      sendNow(lines.filter { $0 != reason.lastLine })
    case .choose(let nickname):
      do throws(Refusal) {
        try server.directory.claim(nickname)
        join(as: nickname)
      } catch {
        carryOut(handshake.refused(error))
      }
    }
  }

  private func join(as nickname: Nickname) {
    peer.speaksVersion1 = handshake.speaksVersion1
    let isIn = room.join(peer, as: nickname) { sequence, members in
      // Whoever reads of the join can answer it in private.
      server.directory.list(peer, as: nickname)
      let welcome = ServerLine.welcome(
        room: room.name, sequence: sequence, members: members, maxFileBytes: 0)
      return (handshake.speaksVersion1 ? welcome.encoded() : []) + ServerLine.connected.encoded()
    }
    guard isIn else {
      server.directory.release(nickname)
      reason = .shuttingDown
      return
    }
    self.nickname = nickname
    prefix = Array("\(nickname.text): ".utf8)
    server.log.info("\(nickname.text) joined from \(peer.address)")
  }

  /// Sends lines before the client is in a room; they are few and short, and a client whose socket
  /// has no space for them is none.
  private func sendNow(_ lines: [ServerLine]) {
    for line in lines {
      let bytes = line.encoded()
      let sent = try? bytes.span.withUnsafeBytes { try peer.stream.send($0) }
      if sent != bytes.count { reason = .connectionLost }
    }
  }

  // MARK: In the room

  private func converse(_ line: Span<UInt8>, _ buffers: WorkBuffers) {
    do throws(Refusal) {
      switch try ClientLine(line, from: nickname) {
      case .blank, .pong: break
      case .text(let range): try say(line.extracting(range), buffers)
      case .quit: reason = .left
      case .nick(let name): try rename(to: try Nickname(name), buffers)
      case .who:
        answer(ServerLine.split(room.memberNames) { .who($0, isLast: $1) }, buffers)
      case .rooms:
        answer([.rooms(["\(room.name)=\(room.memberCount)"], isLast: true)], buffers)
      case .message(let name, let text): try tell(name, text, buffers)
      case .ping(let token): answer([.pong(token: token)], buffers)
      case .room(let name, _):
        guard name == room.name else {
          throw Refusal(.roomNotFound, "there is no room '\(name)'")
        }
        answerWhereabouts(buffers)
      case .newRoom, .history, .search:
        throw Refusal(.unknownTag, "this server keeps no history yet")
      case .hello, .password:
        throw Refusal(.badTag, "this belongs before the nickname")
      }
    } catch {
      refuse(error, buffers)
    }
  }

  private func say(_ text: Span<UInt8>, _ buffers: WorkBuffers) throws(Refusal) {
    try ServerLine.appendSaid(prefix: prefix, text: text, to: &buffers.batch)
    buffers.batchLines += 1
    if buffers.batch.count >= WorkBuffers.batchBytes { flush(buffers) }
  }

  /// Gives the room what was said.
  private func flush(_ buffers: WorkBuffers) {
    guard buffers.batchLines > 0 else { return }
    if !room.say(buffers.batch, lines: buffers.batchLines) { reason = .shuttingDown }
    buffers.batch.removeAll(keepingCapacity: true)
    buffers.batchLines = 0
  }

  private func rename(to new: Nickname, _ buffers: WorkBuffers) throws(Refusal) {
    guard let old = nickname, new.text != old.text else { return }
    // The old name is free only when everyone has been told, so that the lines tell the truth.
    if new != old { try server.directory.claim(new) }
    flush(buffers)
    server.directory.list(peer, as: new)
    guard room.rename(old, to: new) else {
      if new != old { server.directory.release(new) }
      reason = .shuttingDown
      return
    }
    nickname = new
    prefix = Array("\(new.text): ".utf8)
    if new != old { server.directory.release(old) }
    server.log.debug("\(old.text) is now \(new.text)")
  }

  private func tell(_ name: String, _ text: String, _ buffers: WorkBuffers) throws(Refusal) {
    guard let sender = nickname else { return }
    let noSuchNick = Refusal(.noSuchNick, "nobody here is called '\(name)'")
    let wanted: Nickname
    do { wanted = try Nickname(name) } catch { throw noSuchNick }
    guard let person = server.directory.find(wanted) else { throw noSuchNick }
    let message = ServerLine.message(from: sender.text, to: person.nickname.text, text: text)
    let line =
      person.peer.speaksVersion1 ? message : .notice("\(sender.text) tells you: \(text)")
    flush(buffers)
    guard person.peer === peer || room.tell(person.peer, line.encoded()) else {
      throw Refusal(.slowConsumer, "'\(person.nickname.text)' does not read at the moment")
    }
    answer([message], buffers)
  }

  private func refuse(_ refusal: Refusal, _ buffers: WorkBuffers) {
    server.log.debug("\(nickname?.text ?? "?"): \(refusal.code.rawValue)")
    answer([.error(refusal)], buffers)
  }

  /// Answers the client after everything that the room has said; if it does not read, its own
  /// thread waits.
  private func answer(_ lines: [ServerLine], _ buffers: WorkBuffers) {
    flush(buffers)
    for line in lines {
      let bytes = line.encoded()
      if bytes.count >= Self.answerBytesPerToken / 2 { spend(1, buffers) }
      waitForRoom(for: bytes.count) { room.tell(peer, bytes) }
    }
  }

  private func answerWhereabouts(_ buffers: WorkBuffers) {
    flush(buffers)
    waitForRoom(for: Limits.serverLineBytes) {
      room.tellWhereabouts(peer) { sequence, members in
        peer.speaksVersion1
          ? .room(room.name, sequence: sequence, members: members) : .youAreIn(room.name)
      }
    }
  }

  /// Tells the client something as soon as its outbox has room; ends the session if it never has.
  private func waitForRoom(for count: Int, _ tell: () -> Bool) {
    while reason == nil, !tell() {
      guard !peer.waitForRoom(for: count) else { continue }
      reason = peer.interruptionReason ?? .slowConsumer
      if reason == .slowConsumer { room.cut(peer) }
    }
  }

  // MARK: The end

  private func depart() {
    let reason = peer.interruptionReason ?? self.reason ?? .connectionLost
    if let nickname {
      room.leave(peer, as: nickname, lastLine: reason.lastLine?.encoded() ?? [])
      server.directory.release(nickname)
      server.log.info("\(nickname.text) left: \(reason.text)")
      guard peer.waitUntilFlushed(until: .now + Self.departureLimit) else {
        return room.drop(peer)
      }
    } else {
      sendNow(reason.lastLine.map { [$0] } ?? [])
      server.log.debug("\(peer.address) left: \(reason.text)")
    }
    if !isAtEnd { linger(until: .now + Self.departureLimit) }
  }

  /// Lets the peer read its last lines: closing a socket that has unread input resets the
  /// connection, and what is on its way is lost (RFC 1122, section 4.2.2.13).
  ///
  /// So what still comes in is read and forgotten, until the peer has everything or has closed. Where
  /// the reading side was shut to wake this thread, the peer's end can't be seen, and the writing
  /// side stays open: input after both are shut resets the connection too.
  private func linger(until deadline: MonotonicTime) {
    let wasInterrupted = peer.interruptionReason != nil
    if !wasInterrupted { peer.stream.shutdownWriting() }
    let buffers = server.buffers.take()
    defer { server.buffers.give(buffers) }
    while MonotonicTime.now < deadline {
      // A broken connection is past reading its last lines.
      do { _ = try peer.stream.receiveIfReady(into: &buffers.input) } catch { return }
      if peer.stream.isDelivered { return }
      SystemThread.sleep(for: Self.departureCheckInterval)
    }
  }
}
