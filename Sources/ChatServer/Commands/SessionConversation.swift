internal import ChatCore
internal import ChatSystem

/// What a client asks for once it is in a room.
extension Session {
  /// An answer costs a token for each so many bytes: a list of thousands is no single line.
  private static let answerBytesPerToken = 8_192
  /// What these cost besides: the one goes through the whole history, the other is remembered for a day.
  private static let searchTokens = 10
  private static let newRoomTokens = 50

  /// - Returns: the raw bytes that follow the line.
  func converse(_ line: Span<UInt8>, in room: Room, _ buffers: WorkBuffers) -> Payload? {
    var payload: Payload?
    var file: String?
    let asked: ClientLine
    do throws(Refusal) { asked = try ClientLine(line, from: nickname) } catch {
      refuse(error, buffers)
      return ClientLine.payload(ofRefused: line)
    }
    payload = asked.payload
    if asked.isQuestion {
      guard isWanted else { return payload }
      meter = WorkMeter(at: ThreadTime.nanoseconds)
    }
    do throws(Refusal) {
      file = asked.wantedFile
      switch asked {
      case .blank, .pong: break
      case .text(let range): try say(line.extracting(range), buffers)
      case .quit: reason = .left
      case .nick(let name): try rename(to: try Nickname.spelled(name), in: room, buffers)
      case .who: answer(ServerLine.split(room.memberNames) { .who($0, isLast: $1) }, buffers)
      case .rooms:
        let rooms = server.rooms.listed.map { "\($0.name)=\($0.members)" }
        answer(ServerLine.split(rooms) { .rooms($0, isLast: $1) }, buffers)
      case .message(let name, let text): try tell(name, text, buffers)
      case .ping(let token): answer([.pong(token: token)], buffers)
      case .room(let name, let since): try go(to: try RoomName(name), since: since, buffers)
      case .newRoom:
        spend(Self.newRoomTokens, buffers)
        move(to: try server.rooms.enterNew(), since: nil, buffers)
      case .history(let count, let since):
        tellPast(of: room, count: count, since: since, buffers)
      case .search(let words, let before, let limit):
        spend(Self.searchTokens, buffers)
        tellFound(words, in: room, before: before, limit: limit, buffers)
      case .classicFile(let name): try beginClassicUpload(name)
      case .file(let name, let header): beginUpload(name, header, buffers)
      case .data(let token, let offset, let size):
        try beginFrame(token, offset: offset, size: size, buffers)
      case .fileEnd(let token): try endUpload(token, buffers)
      case .get(let id, let offset): try beginDownload(id, from: offset, buffers)
      case .cancel(let id): try cancel(id, buffers)
      case .got(let id): try noteReceived(id)
      case .files(let id): try listFiles(id, buffers)
      case .sums(let id, let from): try tellSums(id, from: from, buffers)
      case .hello, .password:
        throw Refusal(.badTag, "this belongs before the nickname")
      }
    } catch {
      refuse(error, about: file, buffers)
    }
    if asked.isQuestion { _ = charge(buffers) }
    return payload
  }

  private func say(_ text: Span<UInt8>, _ buffers: WorkBuffers) throws(Refusal) {
    try ServerLine.appendSaid(prefix: prefix, text: text, to: &buffers.batch)
    buffers.batchLines += 1
    if buffers.batch.count >= WorkBuffers.batchBytes { flush(buffers) }
  }

  /// Gives the room what was said.
  func flush(_ buffers: WorkBuffers) {
    guard buffers.batchLines > 0, let room else { return }
    if !room.say(buffers.batch, lines: buffers.batchLines) { reason = .shuttingDown }
    buffers.batch.removeAll(keepingCapacity: true)
    buffers.batchLines = 0
  }

  private func rename(
    to new: Nickname, in room: Room, _ buffers: WorkBuffers
  ) throws(Refusal) {
    guard let old = nickname, new.text != old.text else { return }
    // The old name is free only when everyone has been told, so that the lines tell the truth.
    try server.directory.claim(new, for: peer)
    flush(buffers)
    server.directory.list(peer, as: new)
    guard room.rename(old, to: new) else {
      server.directory.release(new, of: peer)
      reason = .shuttingDown
      return
    }
    nickname = new
    server.roomCodes.note(peer, as: new, in: room.name)
    prefix = Array("\(new.text): ".utf8)
    server.directory.release(old, of: peer)
    server.log.debug("\(old.text) is now \(new.text)")
  }

  private func tell(
    _ name: String, _ text: String, _ buffers: WorkBuffers
  ) throws(Refusal) {
    guard let sender = nickname else { return }
    let noSuchNick = Refusal(.noSuchNick, "nobody here is called '\(name)'")
    let wanted: Nickname
    do { wanted = try Nickname.spelled(name) } catch { throw noSuchNick }
    guard let person = server.directory.find(wanted) else { throw noSuchNick }
    let message = ServerLine.message(from: sender.text, to: person.nickname.text, text: text)
    let line =
      person.peer.speaksVersion1 ? message : .notice("\(sender.text) tells you: \(text)")
    flush(buffers)
    // The receipt promises that it comes before the receiver's end. To oneself it is all there is.
    switch person.peer === peer ? .queued : person.peer.enqueue(line.encoded()) {
    case .queued: answer([message], buffers)
    case .full:
      throw Refusal(.slowConsumer, "'\(person.nickname.text)' does not read at the moment")
    case .absent: throw noSuchNick
    }
  }

  // MARK: Going to another room

  private func go(
    to name: RoomName, since: UInt64?, _ buffers: WorkBuffers
  ) throws(Refusal) {
    if let room, name == room.name {
      answerWhereabouts(in: room, buffers)
      if let since { tellPast(of: room, count: .max, since: since, buffers) }
      return
    }
    guard name.kind == .private, let nickname else {
      return move(to: try server.rooms.enter(name), since: since, buffers)
    }
    // What was said before is not to wait.
    flush(buffers)
    do throws(Refusal) {
      let next = try tryCode(name, as: nickname) { () throws(Refusal) in
        try server.rooms.enter(name)
      }
      move(to: next, since: since, buffers)
    } catch {
      refuse(error, buffers)
      if reason == nil, wrongCodes >= Limits.wrongRoomCodes { reason = .tooManyTries }
    }
  }

  /// Leaves the room for one that has counted it in already.
  private func move(to next: Room, since: UInt64?, _ buffers: WorkBuffers) {
    flush(buffers)
    endTransfers(buffers)
    guard let old = room, let nickname, reason == nil, old.moveOut(peer, as: nickname) else {
      reason = reason ?? .shuttingDown
      return server.rooms.leave(next)
    }
    // The new room begins where the old one has been read to its end.
    isLeavingRoom = true
    guard peer.waitUntilFlushed() else {
      reason = peer.interruptionReason
      return server.rooms.leave(next)
    }
    isLeavingRoom = false
    room = nil
    server.roomCodes.note(peer, as: nickname, in: old.name)
    server.rooms.leave(old)
    enter(next, as: nickname, since: since, buffers) { sequence, members in
      whereabouts(in: next, sequence, members).encoded()
    }
  }

  /// Comes into a room that has counted it in.
  ///
  /// - Parameter greeting: what it is told right after its join.
  func enter(
    _ next: Room, as nickname: Nickname, since: UInt64?, _ buffers: WorkBuffers,
    _ greeting: (_ sequence: UInt64, _ members: Int) -> [UInt8], whenIn: () -> Void = {}
  ) {
    var own: UInt64 = 0
    let isIn = next.join(
      peer, as: nickname, holds: since != nil,
      greeting: { sequence, members in
        own = sequence
        return greeting(sequence, members)
      }, whenIn: whenIn)
    guard isIn else {
      server.rooms.leave(next)
      reason = .shuttingDown
      return
    }
    room = next
    server.roomCodes.note(peer, as: nickname, in: next.name)
    if let since { streamPast(of: next, after: since, before: own, limit: .max, buffers) }
  }

  // MARK: Answers

  /// - Parameter file: the id of the file that was asked about, so that the client knows which.
  func refuse(_ refusal: Refusal, about file: String? = nil, _ buffers: WorkBuffers) {
    server.log.debug("\(nickname?.text ?? "?"): \(refusal.code.rawValue)")
    answer([file.map { .error(refusal, id: $0) } ?? .error(refusal)], buffers)
  }

  /// Answers the client after everything that the room has said; if it does not read, its own
  /// thread waits.
  func answer(_ lines: [ServerLine], _ buffers: WorkBuffers) {
    flush(buffers)
    for line in lines {
      let bytes = line.encoded()
      if bytes.count >= Self.answerBytesPerToken / 2 { spend(1, buffers) }
      waitForSpace(for: bytes.count) { peer.enqueue(bytes) }
    }
  }

  private func answerWhereabouts(in room: Room, _ buffers: WorkBuffers) {
    flush(buffers)
    waitForSpace(for: Limits.serverLineBytes) {
      room.tellWhereabouts(peer) { whereabouts(in: room, $0, $1) }
    }
  }

  private func whereabouts(in room: Room, _ sequence: UInt64, _ members: Int) -> ServerLine {
    peer.speaksVersion1
      ? .room(room.name.text, sequence: sequence, members: members) : .youAreIn(room.name.text)
  }

  /// Tells the client something as soon as its outbox has space; ends the session if it never has.
  func waitForSpace(
    for count: Int, toSplice: Bool = false, _ tell: () -> Outbox.Enqueueing
  ) {
    while reason == nil {
      switch tell() {
      case .queued: return
      case .absent: reason = peer.interruptionReason ?? .connectionLost
      case .full:
        guard !peer.waitForSpace(for: count, toSplice: toSplice) else { continue }
        reason = peer.interruptionReason ?? .slowConsumer
      }
    }
  }
}

extension ClientLine {
  /// Whether it does nothing but ask: who has left needs no answer. What it says and sends counts all the same.
  fileprivate var isQuestion: Bool {
    switch self {
    case .who, .rooms, .history, .search, .get, .files, .sums: true
    default: false
    }
  }

  /// The id of the file, or transfer, that something is asked about.
  fileprivate var wantedFile: String? {
    switch self {
    case .get(let id, _), .sums(let id, _), .got(let id), .cancel(let id), .files(.some(let id)),
      .data(let id, _, _), .fileEnd(.some(let id)):
      id.isEmpty ? nil : id
    default: nil
    }
  }
}
