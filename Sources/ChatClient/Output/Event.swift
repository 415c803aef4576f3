internal import ChatCore
internal import FoundationEssentials

extension Encodable {
  /// The value as one line of JSON. Encoding strings and numbers does not fail.
  var json: String? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// A line of history as a JSON object: what was said then looks as it did when it was said.
struct PastEvent: Encodable {
  private let event = "past"
  private let seq: UInt64
  private let time: String
  private let text: String
  private let line: Event?

  init(text: String, sequence: UInt64, time: String) {
    (seq, self.time, self.text) = (sequence, time, text)
    line = Event(ServerLine(stream: text))
  }
}

/// A notice of the client itself as a JSON object.
struct NoticeEvent: Encodable {
  private let event: String
  private var text: String?

  /// Something else to be told.
  init(text: String) { (event, self.text) = ("notice", text) }

  init(_ notice: Notice) {
    switch notice {
    // A `TransferEvent` tells of it.
    case .transfer: event = "notice"
    case .connectionLost: event = "disconnected"
    case .connectedAgain: event = "reconnected"
    case .roomGone, .missed, .historyRestarted, .messageUnsure, .linesUnsure, .notAnswered,
      .linesDropped, .nothingFound:
      (event, text) = ("notice", notice.text { $0 })
    }
  }
}

/// A server's line as a JSON object, with the fields that apply to it.
struct Event: Encodable {
  private let event: String
  private var nick: String?
  private var from: String?
  private var to: String?
  private var text: String?
  private var code: String?
  private var room: String?
  private var rooms: [String: Int]?
  private var nicks: [String]?
  private var seq: UInt64?
  private var members: Int?

  init?(_ line: ServerLine) {
    switch line {
    case .said(let nickname, let text):
      (event, from, self.text) = ("message", nickname, text)
    case .joined(let nickname): (event, nick) = ("joined", nickname)
    case .left(let nickname): (event, nick) = ("left", nickname)
    case .renamed(let old, let new): (event, from, to) = ("renamed", old, new)
    case .welcome(let room, let sequence, let members, _):
      (event, self.room, seq, self.members) = ("welcome", room, sequence, members)
    case .goodbye: event = "bye"
    case .message(let from, let to, let text):
      (event, self.from, self.to, self.text) = ("private", from, to, text)
    case .who(let names, _): (event, nicks) = ("who", names)
    case .rooms(let list, _):
      event = "rooms"
      var rooms: [String: Int] = [:]
      for entry in list {
        let parts = entry.split(separator: "=")
        if parts.count == 2, let count = Int(parts[1]) { rooms[String(parts[0])] = count }
      }
      self.rooms = rooms
    case .room(let name, let sequence, let members):
      (event, room, seq, self.members) = ("room", name, sequence, members)
    case .notice(let text): (event, self.text) = ("notice", text)
    case .error(let code, let reason), .fileError(let code, let reason, _):
      (event, self.code, text) = ("error", code, reason)
    case .pastEnd: event = "past-end"
    case .pong(let token): (event, text) = ("pong", token)
    case .unknown(let text, false): (event, self.text) = ("line", text)
    case .sent(let nickname, let file, _): (event, from, self.text) = ("file", nickname, file)
    case .nicknameWanted, .connected, .youAreIn, .ping, .past, .file, .uploadStart, .data, .fileEnd,
      .cancelled, .got, .listed, .listEnd, .sums, .unknown(_, true):
      return nil
    }
  }
}
