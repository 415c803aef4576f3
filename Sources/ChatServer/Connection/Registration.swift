internal import ChatCore
internal import ChatSystem

/// Takes a connection through its handshake, from the first line until it is in its first room.
///
/// The rules are `Handshake`'s; this carries its steps out.
///
/// Thread: its session's.
final class Registration {
  private let client: ConnectedClient
  private let rooms: RoomCommands
  private var handshake = Handshake()
  /// The room to enter is a private one whose code has not been tried yet.
  private var hasUntriedRoom = false

  init(_ client: ConnectedClient, _ rooms: RoomCommands) {
    (self.client, self.rooms) = (client, rooms)
  }

  /// Takes a line.
  ///
  /// - Returns: the raw bytes that follow it.
  func receive(_ line: Span<UInt8>) -> Payload? {
    let parsed: Result<ClientLine, Refusal>
    do { parsed = .success(try ClientLine(line)) } catch { parsed = .failure(error) }
    let step = handshake.receive(parsed, text: TextCleaner.clean(line), isRoom: isRoom)
    if handshake.speaksVersion1 { client.peer.speaksVersion1 = true }
    carryOut(step)
    switch parsed {
    case .success(let asked): return asked.payload
    case .failure: return ClientLine.payload(ofRefused: line)
    }
  }

  /// A line can't be taken.
  func refuse(_ refusal: Refusal) { carryOut(handshake.refused(refusal)) }

  private func carryOut(_ step: Handshake.Step) {
    guard client.closeReason == nil else { return }
    if let code = step.refusalCode { client.server.metrics.noteRefusal(code) }
    switch step {
    case .wait: break
    case .answer(let lines): client.sendNow(lines)
    case .end(let lines, let reason):
      client.end(reason)
      // The reason's own last line follows when the session ends.
      client.sendNow(lines.filter { $0 != reason.lastLine })
    case .choose(let nickname):
      do throws(Refusal) { try choose(nickname) } catch { refuse(error) }
    }
  }

  private func choose(_ nickname: Nickname) throws(Refusal) {
    try client.server.directory.claim(nickname, for: client.peer)
    do throws(Refusal) {
      join(try enterChosenRoom(as: nickname), as: nickname)
    } catch {
      client.server.directory.release(nickname, of: client.peer)
      throw error
    }
  }

  // MARK: The first room

  /// Whether a room can be entered. The code of a private one is tried at once if that need not wait for its turn;
  /// otherwise when the nickname is known, since former members wait elsewhere. A room that can be entered is not
  /// answered, so neither case tells the client anything.
  private func isRoom(_ name: RoomName) -> Bool {
    guard name.kind == .private, let turn = client.server.roomCodes.takeTurn(for: client.peer)
    else {
      hasUntriedRoom = name.kind == .private
      return true
    }
    let rooms = client.server.rooms
    do throws(Refusal) {
      try self.rooms.guesses.tryCode(with: turn) { () throws(Refusal) in
        guard rooms.exists(name) else { throw .noSuchRoom }
      }
      hasUntriedRoom = false
      return true
    } catch {
      // The room named before, tried or not, is the one again.
      return false
    }
  }

  /// Enters the room that the handshake is for, or the lobby if its code is tried only now, and is wrong.
  private func enterChosenRoom(as nickname: Nickname) throws(Refusal) -> Room {
    let rooms = client.server.rooms
    if handshake.wantsNewRoom {
      client.spend(RoomCommands.newRoomTokens)
      // It may have ended while it had to wait.
      guard client.closeReason == nil else { throw .noSuchRoom }
      return try rooms.enterNew()
    }
    guard hasUntriedRoom else { return try rooms.enter(handshake.room) }
    let name = handshake.room
    let room: Room
    do throws(Refusal) {
      room = try self.rooms.guesses.tryCode(as: nickname) { () throws(Refusal) in
        try rooms.enter(name)
      }
      hasUntriedRoom = false
    } catch {
      guard error.code == .roomNotFound else { throw error }
      hasUntriedRoom = false
      // The same answer as to `[ROOM]` before the nickname.
      carryOut(handshake.refusedRoom(error))
      guard client.closeReason == nil else { throw error }
      room = try rooms.enter(handshake.room)
    }
    if client.closeReason == nil { return room }
    rooms.leave(room)
    throw .noSuchRoom
  }

  private func join(_ room: Room, as nickname: Nickname) {
    let server = client.server
    client.setNickname(nickname)
    server.log.info("\(nickname.text) joined from \(client.peer.address)")
    if client.peer.speaksVersion1, server.options.servesHTTP {
      client.token = server.tokens.issue(for: client.peer)
    }
    rooms.enter(room, as: nickname, since: handshake.since) { sequence, members in
      let welcome = SessionLine.welcome(
        room: room.name.text, sequence: sequence, members: members,
        maxFileBytes: server.largestFileBytes, token: client.token)
      return (client.peer.speaksVersion1 ? welcome.encoded() : []) + SessionLine.connected.encoded()
    } whenIn: {
      // Those who read of the join can answer it in private.
      server.directory.list(client.peer, as: nickname)
    }
  }
}
