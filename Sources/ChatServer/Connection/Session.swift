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
  /// How much is read at once of what nobody wants any more.
  private static let forgottenBytes = 4_096
  /// So many empty lines cost as much as one that says something.
  private static let emptyLinesPerToken = 64

  let peer: Peer
  let server: ServerState

  private var framer = LineFramer(limit: Limits.clientLineBytes)
  /// Takes out what is no text; `nil` once there is a nickname, but for telnet programs.
  private var firstBytes: FirstBytes? = FirstBytes()
  private var handshake = Handshake()
  private var bucket: TokenBucket
  private let handshakeDeadline: MonotonicTime

  /// When it has to have a nickname; `nil` once it has.
  var handshakeEnd: MonotonicTime? { nickname == nil ? handshakeDeadline : nil }

  /// Set once the client has been in a room.
  var nickname: Nickname?
  /// The room it is in; `nil` before the first, and if it could not come from one into another.
  var room: Room?
  /// How many codes of private rooms it has got wrong.
  var wrongCodes = 0
  /// The room that the handshake is for is a private one that has not been looked for yet.
  var hasUntriedRoom = false
  /// It has left its room, which is still sending what it said before.
  var isLeavingRoom = false
  /// How many tokens the lines of the present chunk have cost.
  private var linesTaken = 0
  private var emptyLines = 0
  /// What the present answer costs.
  var meter = WorkMeter(at: 0)
  /// `alice: `, as it stands before everything she says.
  var prefix: [UInt8] = []
  /// Set once the session is to end.
  var reason: CloseReason?
  /// The peer's side of the stream has ended.
  private var isAtEnd = false

  /// What it is sending.
  var uploads = Uploads()
  /// What it works with while it sends files.
  private var fileBuffers: WorkBuffers?
  /// How many bytes of the present chunk were files'.
  var fileBytes = 0

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
    // A program that forgets the line end would wait for ever, and not know why.
    if reason == .handshakeTimeout, framer.isMidLine || firstBytes?.isMidLine == true {
      reason = .lineWithoutEnd
    }
    depart()
  }

  // MARK: Receiving

  /// Waits for bytes and does what their lines ask.
  private func receive() {
    do {
      guard try waitUntilReadable() else { return }
      let buffers = try takeBuffers()
      defer { giveBack(buffers) }
      let count = try peer.stream.receive(into: &buffers.input)
      if let interruption = peer.interruptionReason {
        reason = interruption
      } else if count > 0 {
        let input = buffers.input
        linesTaken = 0
        fileBytes = 0
        if firstBytes != nil {
          feedFirst(input.span.extracting(0..<count), buffers)
        } else {
          framer.feedMixed(input.span.extracting(0..<count)) { take($0, buffers) }
        }
        // Bytes without lines are work too: a stream of them costs as much as its longest lines.
        spend((count - fileBytes) / Limits.clientLineBytes - linesTaken, buffers)
      } else {
        isAtEnd = true
        // A program that was cut off in a line says it again, whole, when it comes back.
        if !handshake.speaksVersion1 {
          var rest: [UInt8] = []
          firstBytes?.finish(into: &rest)
          framer.feedMixed(rest.span) { take($0, buffers) }
          framer.finish { _ = take($0, buffers) }
        }
      }
      flush(buffers)
      if isAtEnd { reason = reason ?? .endOfStream }
    } catch {
      if error.code == SystemError.noMemory {
        // It can't be served now, but it can be told so.
        reason = .serverFull
      } else {
        isAtEnd = true
        reason = .connectionLost
      }
    }
  }

  /// Feeds the framer a line at a time, without what is no text; the bytes after the nickname as they are.
  private func feedFirst(_ bytes: Span<UInt8>, _ buffers: WorkBuffers) {
    var start = 0
    var text: [UInt8] = []
    while start < bytes.count {
      let rest = bytes.extracting(start..<bytes.count)
      let raw = framer.payloadCount(in: rest)
      guard raw == 0, firstBytes != nil else {
        let count = raw == 0 ? rest.count : raw
        framer.feedMixed(rest.extracting(0..<count)) { take($0, buffers) }
        start += count
        continue
      }
      text.removeAll(keepingCapacity: true)
      start += firstBytes?.take(rest, into: &text) ?? 0
      framer.isTelnet = firstBytes?.isTelnet == true
      framer.feedMixed(text.span) { take($0, buffers) }
      if room != nil, firstBytes?.isTelnet == false { firstBytes = nil }
    }
  }

  /// Buffers of its own while it sends files, large ones: each read, hash and write is of what one of them holds.
  private func takeBuffers() throws(SystemError) -> WorkBuffers {
    guard uploads.expiry != nil else { return try server.buffers.take() }
    if let fileBuffers { return fileBuffers }
    let buffers = try server.buffers.make(inputBytes: WorkBuffers.fileInputBytes)
    fileBuffers = buffers
    return buffers
  }

  private func giveBack(_ buffers: WorkBuffers) {
    guard buffers === fileBuffers else { return server.buffers.give(buffers) }
    if uploads.expiry == nil { fileBuffers = nil }
  }

  private func waitUntilReadable() throws(SystemError) -> Bool {
    if nickname != nil {
      guard let expiry = uploads.expiry else { return try peer.stream.waitUntilReadable() }
      if case let left = min(expiry, uploads.nextCheck) - .now, left > .zero {
        return try peer.stream.waitUntilReadable(for: left)
      }
      uploads.nextCheck = .now + Uploads.checkInterval
      let buffers = try server.buffers.take()
      defer { server.buffers.give(buffers) }
      endStalledUploads(buffers)
      return false
    }
    let left = handshakeDeadline - .now
    if left > .zero, try peer.stream.waitUntilReadable(for: left) { return true }
    reason = .handshakeTimeout
    return false
  }

  /// - Returns: the raw bytes that follow a line.
  private func take(_ frame: borrowing LineFrame, _ buffers: WorkBuffers) -> Payload? {
    guard reason == nil else { return nil }
    switch frame {
    case .line(let line):
      // An empty line is hardly any work.
      let isEmpty = line.isEmpty
      emptyLines += isEmpty ? 1 : 0
      if !isEmpty || emptyLines % Self.emptyLinesPerToken == 0 { spend(1, buffers) }
      guard reason == nil else { return nil }
      if let room { return converse(line, in: room, buffers) }
      return shakeHands(line, buffers)
    case .tooLong:
      spend(1, buffers)
      guard reason == nil else { return nil }
      if room == nil {
        carryOut(handshake.refused(.lineTooLong), buffers)
      } else {
        refuse(.lineTooLong, buffers)
      }
    case .bytes(let bytes): takeBytes(bytes, buffers)
    case .bytesEnd: endBytes(buffers)
    }
    return nil
  }

  /// A line that costs nothing has cost a token.
  func giveBackToken() {
    bucket.giveBack(1)
    linesTaken -= 1
  }

  /// Whether somebody is there for an answer; who is not has left.
  var isWanted: Bool {
    reason = reason ?? peer.interruptionReason ?? (peer.stream.isBroken ? .connectionLost : nil)
    return reason == nil
  }

  /// Takes tokens for the work on an answer so far.
  ///
  /// - Returns: whether somebody still wants the rest.
  func charge(_ buffers: WorkBuffers) -> Bool {
    spend(meter.tokens(at: ThreadTime.nanoseconds), buffers)
    return isWanted
  }

  /// Takes tokens; a client that sends faster than it may waits here, and TCP holds it back.
  func spend(_ tokens: Int, _ buffers: WorkBuffers) {
    guard tokens > 0, reason == nil else { return }
    linesTaken += tokens
    let wait = bucket.take(tokens, now: .now)
    guard wait > .zero else { return }
    flush(buffers)
    if nickname == nil {
      let left = handshakeDeadline - .now
      peer.wait(for: min(wait, left))
      if wait >= left { reason = .handshakeTimeout }
    } else {
      peer.wait(for: wait)
    }
    reason = peer.interruptionReason ?? reason
  }

  // MARK: The handshake

  private func shakeHands(_ line: Span<UInt8>, _ buffers: WorkBuffers) -> Payload? {
    let parsed: Result<ClientLine, Refusal>
    do { parsed = .success(try ClientLine(line)) } catch { parsed = .failure(error) }
    let step = handshake.receive(parsed, text: TextCleaner.clean(line), isRoom: isRoom)
    carryOut(step, buffers)
    switch parsed {
    case .success(let asked): return asked.payload
    case .failure: return ClientLine.payload(ofRefused: line)
    }
  }

  private func carryOut(_ step: Handshake.Step, _ buffers: WorkBuffers) {
    guard reason == nil else { return }
    switch step {
    case .wait: break
    case .answer(let lines): sendNow(lines)
    case .end(let lines, let reason):
      self.reason = reason
      // The reason's own last line follows when the session departs.
      sendNow(lines.filter { $0 != reason.lastLine })
    case .choose(let nickname):
      do throws(Refusal) {
        try server.directory.claim(nickname, for: peer)
        do throws(Refusal) {
          join(try enterChosenRoom(as: nickname, buffers), as: nickname, buffers)
        } catch {
          server.directory.release(nickname, of: peer)
          throw error
        }
      } catch {
        carryOut(handshake.refused(error), buffers)
      }
    }
  }

  /// Enters the room that the handshake is for, or the lobby if its code is looked for only now, and is wrong.
  private func enterChosenRoom(
    as nickname: Nickname, _ buffers: WorkBuffers
  ) throws(Refusal) -> Room {
    guard hasUntriedRoom else { return try server.rooms.enter(handshake.room) }
    let room: Room
    do throws(Refusal) {
      room = try tryCode(handshake.room, as: nickname) { () throws(Refusal) in
        try server.rooms.enter(handshake.room)
      }
      hasUntriedRoom = false
    } catch {
      guard error.code == .roomNotFound else { throw error }
      hasUntriedRoom = false
      // The answer comes as it would have come to `[ROOM]`, before the nickname.
      carryOut(handshake.refusedRoom(error), buffers)
      guard reason == nil else { throw error }
      room = try server.rooms.enter(handshake.room)
    }
    if reason == nil { return room }
    server.rooms.leave(room)
    throw .noSuchRoom
  }

  private func join(_ room: Room, as nickname: Nickname, _ buffers: WorkBuffers) {
    peer.speaksVersion1 = handshake.speaksVersion1
    self.nickname = nickname
    prefix = Array("\(nickname.text): ".utf8)
    server.log.info("\(nickname.text) joined from \(peer.address)")
    enter(room, as: nickname, since: handshake.since, buffers) { sequence, members in
      let welcome = ServerLine.welcome(
        room: room.name.text, sequence: sequence, members: members,
        maxFileBytes: server.mostFileBytes)
      return (handshake.speaksVersion1 ? welcome.encoded() : []) + ServerLine.connected.encoded()
    } whenIn: {
      // Whoever reads of the join can answer it in private.
      server.directory.list(peer, as: nickname)
    }
  }

  /// Sends lines while no room sends anything; they are few and short, and a client whose socket
  /// has no space for them is none.
  func sendNow(_ lines: [ServerLine]) {
    for line in lines {
      let bytes = line.encoded()
      let sent = try? bytes.span.withUnsafeBytes { try peer.stream.send($0) }
      if sent != bytes.count { reason = .connectionLost }
    }
  }

  /// Sends what no room sends, as long as a client that leaves may take for it.
  private func sendLast(_ bytes: [UInt8]) {
    let deadline = MonotonicTime.now + Self.departureLimit
    var sent = 0
    do throws(SystemError) {
      while sent < bytes.count, MonotonicTime.now < deadline {
        let part = try bytes.span.extracting(sent...).withUnsafeBytes { bytes throws(SystemError) in
          try peer.stream.send(bytes)
        }
        if part == nil { SystemThread.sleep(for: Self.departureCheckInterval) }
        sent += part ?? 0
      }
    } catch {
      // The connection is broken: whoever would read this is gone.
    }
  }

  // MARK: The end

  private func depart() {
    let reason = peer.interruptionReason ?? self.reason ?? .connectionLost
    peer.endTurns()
    uploads = Uploads()
    let lastLine = reason.lastLine?.encoded() ?? []
    if let room {
      if let nickname { server.roomCodes.note(peer, as: nickname, in: room.name) }
      defer { server.rooms.leave(room) }
      leave(room, lastLine)
      releaseNickname(reason)
      guard peer.waitUntilFlushed(until: .now + Self.departureLimit) else {
        return room.drop(peer)
      }
    } else {
      releaseNickname(reason)
      sendLast(peer.finishOutside() + lastLine)
    }
    if !isAtEnd { linger(until: .now + Self.departureLimit) }
  }

  private func leave(_ room: Room, _ lastLine: [UInt8]) {
    if isLeavingRoom {
      if let rest = peer.finishMoving(lastLine) {
        if peer.waitUntilFlushed(until: .now + Self.departureLimit) { sendLast(rest) }
      } else {
        room.wakeBroadcaster()
      }
    } else if let nickname {
      peer.resumeLog()
      room.leave(peer, as: nickname, lastLine: lastLine)
    }
  }

  /// Lets others have the nickname, once everyone has been told.
  private func releaseNickname(_ reason: CloseReason) {
    if let nickname {
      server.directory.release(nickname, of: peer)
      server.log.info("\(nickname.text) left: \(reason.text)")
    } else {
      server.log.debug("\(peer.address) left: \(reason.text)")
    }
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
    var forgotten = [UInt8](repeating: 0, count: Self.forgottenBytes)
    while MonotonicTime.now < deadline {
      // A broken connection is past reading its last lines.
      do { _ = try peer.stream.receiveIfReady(into: &forgotten) } catch { return }
      if peer.stream.isDelivered { return }
      SystemThread.sleep(for: Self.departureCheckInterval)
    }
  }
}
