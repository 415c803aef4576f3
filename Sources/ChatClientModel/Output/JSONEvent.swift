internal import ChatCore

/// What the client displays to a program: each event as a JSON object, with the fields that apply to it. Pure.
enum JSONEvent {
  /// A line of the server; `nil` if it is no event.
  static func of(_ line: ServerLine) -> JSONValue? {
    switch line {
    case .room(let line): of(line)
    case .message(let from, let to, let text):
      event("private", ["from": .string(from), "to": .string(to), "text": .string(text)])
    case .session(.welcome(let room, let sequence, let members, _, _)):
      event("welcome", whereabouts(room, sequence, members))
    case .session(.room(let name, let sequence, let members)):
      event("room", whereabouts(name, sequence, members))
    case .session(.goodbye): event("bye")
    case .reply(let line): of(line)
    case .transfer(.listed(let offer, let time)):
      event("files", fields(of: offer).merging(["time": .string(time)]) { $1 })
    case .control(.notice(let text)): notice(text)
    case .control(.error(let code, let reason)), .transfer(.error(let code, let reason, _)):
      event("error", ["code": .string(code), "text": .string(reason)])
    case .control(.pong(let token)): event("pong", ["text": .string(token)])
    case .unknown(let text, false): event("line", ["text": .string(text)])
    case .session, .transfer, .control(.ping), .unknown(_, true): nil
    }
  }

  private static func of(_ line: RoomLine) -> JSONValue {
    switch line {
    case .said(let nickname, let text):
      event("message", ["from": .string(nickname), "text": .string(text)])
    case .joined(let nickname): event("joined", ["nick": .string(nickname)])
    case .left(let nickname): event("left", ["nick": .string(nickname)])
    case .renamed(let old, let new): event("renamed", ["from": .string(old), "to": .string(new)])
    case .sent(let nickname, let file, _):
      event("file", ["from": .string(nickname), "text": .string(file)])
    }
  }

  private static func of(_ line: ReplyLine) -> JSONValue {
    switch line {
    case .who(let names, _): event("who", ["nicks": .array(names.map { .string($0) })])
    case .rooms(let list, _): event("rooms", ["rooms": .object(members(of: list))])
    case .past(let text, let sequence, let time, _): past(text, sequence, time)
    case .pastEnd: event("past-end")
    }
  }

  /// A notice of the client; `nil` if a program learns of it otherwise.
  static func of(_ notice: Notice) -> JSONValue? {
    switch notice {
    case .transfer(let notice): of(notice)
    case .connectionLost: event("disconnected")
    case .connectedAgain: event("reconnected")
    case .nothingFound: nil
    case .roomGone, .missed, .historyRestarted, .messageUnsure, .linesUnsure, .notAnswered,
      .linesDropped:
      notice.text { $0 }.map(Self.notice)
    }
  }

  /// A notice about files. Of a list it is the end: each of its files has an event of its own.
  private static func of(_ notice: TransferNotice) -> JSONValue {
    switch notice {
    case .offered(let offer, _), .passedOver(let offer, _): event("offer", fields(of: offer))
    case .saved(let id, let name, let path, let size):
      event(
        "saved",
        [
          "id": .string(id), "name": .string(name), "size": .integer(Int128(size)),
          "path": .string(String(decoding: path, as: UTF8.self)),
        ])
    case .sent(let id, let name, let size):
      event(
        "sent",
        (id.map { ["id": .string($0)] } ?? [:]).merging([
          "name": .string(name), "size": .integer(Int128(size)),
        ]) { $1 })
    case .failed(let name, let text):
      event("transfer-failed", ["name": .string(name), "text": .string(text)])
    case .delivered(let name, let have, let all):
      event(
        "delivered",
        ["name": .string(name), "have": .integer(Int128(have)), "of": .integer(Int128(all))])
    case .remark(let text): Self.notice(text)
    case .files: event("files-end")
    }
  }

  /// Anything else that is said in words.
  static func notice(_ text: String) -> JSONValue { event("notice", ["text": .string(text)]) }

  // MARK: Fields

  private static func event(_ name: String, _ fields: [String: JSONValue] = [:]) -> JSONValue {
    .object(fields.merging(["event": .string(name)]) { $1 })
  }

  private static func whereabouts(
    _ room: String, _ sequence: UInt64, _ members: Int
  ) -> [String: JSONValue] {
    [
      "room": .string(room), "seq": .integer(Int128(sequence)),
      "members": .integer(Int128(members)),
    ]
  }

  private static func fields(of offer: SharedFile) -> [String: JSONValue] {
    [
      "id": .string(offer.id), "name": .string(FileName(from: offer.name).text),
      "size": .integer(Int128(offer.sizeBytes)), "from": .string(offer.sender),
      "sha256": .string(offer.digest.hex),
    ]
  }

  /// Each room of a list with how many are in it; what isn't `NAME=COUNT` is left out.
  private static func members(of list: [String]) -> [String: JSONValue] {
    var rooms: [String: JSONValue] = [:]
    for entry in list {
      let parts = entry.split(separator: "=")
      if parts.count == 2, let members = Int(parts[1]) {
        rooms[String(parts[0])] = .integer(Int128(members))
      }
    }
    return rooms
  }

  /// A line of history: the line inside looks as it did when it was live.
  private static func past(_ text: String, _ sequence: UInt64, _ time: String) -> JSONValue {
    var fields: [String: JSONValue] = [
      "seq": .integer(Int128(sequence)), "time": .string(time), "text": .string(text),
    ]
    fields["line"] = of(ServerLine(stream: text))
    return event("past", fields)
  }
}
