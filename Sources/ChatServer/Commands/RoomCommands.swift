internal import ChatCore
internal import ChatSystem

/// Takes a client into its first room, and from one room to another.
///
/// Thread: its session's.
final class RoomCommands {
  /// What a new private room costs besides the line: it is remembered for a day.
  static let newRoomTokens = 50

  private let client: ConnectedClient
  /// The codes of private rooms that the client has tried.
  var guesses: RoomCodeGuesses

  init(_ client: ConnectedClient) {
    self.client = client
    guesses = RoomCodeGuesses(client)
  }

  /// Finds another room, and counts the client in there.
  ///
  /// - Returns: `nil` if a code was wrong, and the client has been told so.
  /// - Throws: `Refusal`.
  func find(_ name: RoomName) throws(Refusal) -> Room? {
    let rooms = client.server.rooms
    guard name.kind == .private, let nickname = client.nickname else {
      return try rooms.enter(name)
    }
    // What was said before must not wait for the answer.
    client.flush()
    do throws(Refusal) {
      return try guesses.tryCode(as: nickname) { () throws(Refusal) in try rooms.enter(name) }
    } catch {
      client.refuse(error)
      if client.closeReason == nil, guesses.areTooMany { client.end(.tooManyTries) }
      return nil
    }
  }

  /// Finds the first room of a client that does not converse, and counts it in there.
  func findFirst(_ name: RoomName, as nickname: Nickname) throws(Refusal) -> Room {
    let rooms = client.server.rooms
    guard name.kind == .private else { return try rooms.enter(name) }
    let room = try guesses.tryCode(as: nickname) { () throws(Refusal) in try rooms.enter(name) }
    if client.closeReason == nil { return room }
    rooms.leave(room)
    throw .noSuchRoom
  }

  /// Leaves the room for one that has counted the client in.
  func move(to next: Room, since: UInt64?) {
    let (peer, server) = (client.peer, client.server)
    guard let old = client.room, let nickname = client.nickname, client.closeReason == nil,
      old.moveOut(peer, as: nickname)
    else {
      if client.closeReason == nil { client.end(.shuttingDown) }
      return server.rooms.leave(next)
    }
    // The new room begins where the old one has been read to its end.
    client.isLeavingRoom = true
    guard peer.waitUntilReleased() else {
      client.noteInterruption()
      return server.rooms.leave(next)
    }
    client.isLeavingRoom = false
    client.room = nil
    server.roomCodes.note(peer, as: nickname, in: old.name)
    server.rooms.leave(old)
    enter(next, as: nickname, since: since) { sequence, members in
      whereabouts(in: next, sequence, members).encoded()
    }
  }

  /// Enters a room that has counted the client in.
  ///
  /// - Parameters:
  ///   - since: what was said after this number is wanted, too.
  ///   - greeting: what the client is sent right after its join.
  ///   - whenIn: called when it can be sent more.
  func enter(
    _ next: Room, as nickname: Nickname, since: UInt64?,
    greeting: (_ sequence: UInt64, _ members: Int) -> [UInt8], whenIn: () -> Void = {}
  ) {
    var own: UInt64 = 0
    let isIn = next.join(
      client.peer, as: nickname, isPaused: since != nil,
      greeting: { sequence, members in
        own = sequence
        return greeting(sequence, members)
      }, whenIn: whenIn)
    guard isIn else {
      client.server.rooms.leave(next)
      return client.end(.shuttingDown)
    }
    client.room = next
    client.server.roomCodes.note(client.peer, as: nickname, in: next.name)
    if let since { HistoryResponder(client).fillGap(in: next, after: since, before: own) }
  }

  /// Answers which room the client is in.
  func answerWhereabouts(in room: Room) {
    client.flush()
    client.enqueue(Limits.serverLineBytes) {
      room.enqueueWhereabouts(client.peer) { whereabouts(in: room, $0, $1) }
    }
  }

  private func whereabouts(in room: Room, _ sequence: UInt64, _ members: Int) -> ServerLine {
    client.peer.speaksVersion1
      ? .session(.room(room.name.text, sequence: sequence, members: members))
      : .session(.youAreIn(room.name.text))
  }
}
