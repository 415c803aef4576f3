internal import ChatCore
internal import ChatSystem

/// Carries out what a client in a room asks for, line by line.
///
/// Thread: its session's.
struct SessionCommands {
  /// What this costs besides the line: it goes through the whole history.
  private static let searchTokens = 10

  private let client: ConnectedClient
  private let rooms: RoomCommands
  private let history: HistoryResponder
  let downloads: DownloadResponder
  /// Takes the raw bytes between lines, too.
  var uploads: UploadReceiver

  init(_ client: ConnectedClient, _ rooms: RoomCommands) {
    (self.client, self.rooms) = (client, rooms)
    history = HistoryResponder(client)
    downloads = DownloadResponder(client)
    uploads = UploadReceiver(client)
  }

  /// Carries out a line.
  ///
  /// - Returns: the raw bytes that follow it.
  mutating func carryOut(_ line: Span<UInt8>, in room: Room) -> Payload? {
    let asked: ClientLine
    do throws(Refusal) { asked = try ClientLine(line, from: client.nickname) } catch {
      client.refuse(error)
      return ClientLine.payload(ofRefused: line)
    }
    if asked.isQuestion {
      guard client.isWanted else { return asked.payload }
      client.beginWork()
    }
    do throws(Refusal) { try carryOut(asked, line, in: room) } catch {
      client.refuse(error, about: asked.fileID)
    }
    if asked.isQuestion { _ = client.charge() }
    return asked.payload
  }

  private mutating func carryOut(
    _ asked: ClientLine, _ line: Span<UInt8>, in room: Room
  ) throws(Refusal) {
    switch asked {
    case .blank, .pong: break
    case .text(let range): try client.say(line.extracting(range))
    case .quit: client.end(.left)
    case .nick(let name): try rename(to: try Nickname.spelled(name), in: room)
    case .who:
      client.answer(
        ReplyLine.split(room.memberNames) { .who($0, isLast: $1) }.map(ServerLine.reply))
    case .rooms:
      let listed = client.server.rooms.listed.map { "\($0.name)=\($0.members)" }
      client.answer(ReplyLine.split(listed) { .rooms($0, isLast: $1) }.map(ServerLine.reply))
    case .message(let name, let text): try sendMessage(to: name, text)
    case .ping(let token): client.answer([.control(.pong(token: token))])
    case .room(let name, let since):
      let name = try RoomName(name)
      if name == room.name {
        rooms.answerWhereabouts(in: room)
        if let since { history.answer(in: room, count: .max, since: since) }
      } else if let next = try rooms.find(name) {
        move(to: next, since: since)
      }
    case .newRoom:
      client.spend(RoomCommands.newRoomTokens)
      move(to: try client.server.rooms.enterNew(), since: nil)
    case .history(let count, let since): history.answer(in: room, count: count, since: since)
    case .search(let words, let before, let limit):
      client.spend(Self.searchTokens)
      history.answerSearch(for: words, in: room, before: before, limit: limit)
    case .classicFile(let name): try uploads.begin(name)
    case .fileEnd: throw Refusal(.badTag, "no file is being sent")
    case .get(let id, let offset): try downloads.send(id, from: offset)
    case .got(let id): try downloads.noteReceived(id)
    case .files(let id): try downloads.answerFiles(id)
    case .hello, .password:
      throw Refusal(.badTag, "this is allowed only before the nickname is chosen")
    }
  }

  // MARK: Names and messages

  private func rename(to new: Nickname, in room: Room) throws(Refusal) {
    let (peer, server) = (client.peer, client.server)
    guard let old = client.nickname, new.text != old.text else { return }
    // The old name is free only when everyone has been told, so that the lines tell the truth.
    try server.directory.claim(new, for: peer)
    client.flush()
    server.directory.list(peer, as: new)
    guard room.rename(old, to: new) else {
      server.directory.release(new, of: peer)
      return client.end(.shuttingDown)
    }
    client.setNickname(new)
    server.roomCodes.note(peer, as: new, in: room.name)
    server.directory.release(old, of: peer)
    server.log.debug("\(old.text) is now \(new.text)")
  }

  private func sendMessage(to name: String, _ text: String) throws(Refusal) {
    guard let sender = client.nickname else { return }
    let noSuchNick = Refusal(.noSuchNick, "nobody here is called '\(name)'")
    let wanted: Nickname
    do { wanted = try Nickname.spelled(name) } catch { throw noSuchNick }
    guard let receiver = client.server.directory.find(wanted) else { throw noSuchNick }
    let message = ServerLine.message(from: sender.text, to: receiver.nickname.text, text: text)
    let line =
      receiver.peer.speaksVersion1
      ? message : .control(.notice("\(sender.text) tells you: \(text)"))
    client.flush()
    // The receipt promises that the message comes before the receiver's end. To oneself it is all there is.
    switch receiver.peer === client.peer ? .queued : receiver.peer.enqueue(line.encoded()) {
    case .queued: client.answer([message])
    case .full:
      throw Refusal(.slowConsumer, "'\(receiver.nickname.text)' does not read at the moment")
    case .absent: throw noSuchNick
    }
  }

  private func move(to next: Room, since: UInt64?) {
    client.flush()
    rooms.move(to: next, since: since)
  }
}

extension ClientLine {
  /// Whether it does nothing but ask: a client that has left needs no answer. What it says and sends counts all the
  /// same.
  fileprivate var isQuestion: Bool {
    switch self {
    case .who, .rooms, .history, .search, .get, .files: true
    default: false
    }
  }

  /// The id of the file that it is about.
  fileprivate var fileID: String? {
    switch self {
    case .get(let id, _), .got(let id), .files(.some(let id)): id.isEmpty ? nil : id
    default: nil
    }
  }
}
