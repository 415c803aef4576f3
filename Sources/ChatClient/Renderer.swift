package import ChatCore
internal import FoundationEssentials

/// What becomes of a server's line on the client's standard output and standard error. Pure.
package struct Renderer: Sendable {
  /// Who reads the output.
  package enum Style: Sendable {
    /// A person at a terminal.
    case terminal
    /// A script: the room's lines as they are.
    case plain
    /// A program: every event as one JSON object a line.
    case json
  }

  /// A line for each of the two streams, without LF; `nil` where there is nothing to show.
  package struct Output: Equatable, Sendable {
    package var output: String?
    package var error: String?

    package init(output: String? = nil, error: String? = nil) {
      self.output = output
      self.error = error
    }
  }

  /// Who reads the output.
  package let style: Style

  /// Makes a renderer.
  package init(style: Style) { self.style = style }

  /// - Parameters:
  ///   - line: what the server said.
  ///   - nickname: one's own.
  package func render(_ line: ServerLine, nickname: String) -> Output {
    switch style {
    case .plain: plain(line)
    case .terminal: Output(output: terminal(line, nickname))
    case .json: Output(output: Event(line).flatMap { $0.json })
    }
  }

  private func plain(_ line: ServerLine) -> Output {
    switch line {
    case .said, .joined, .left, .renamed, .message, .who, .rooms, .pong, .unknown(_, false):
      Output(output: String(decoding: line.encoded().dropLast(), as: UTF8.self))
    case .notice(let text), .error(_, let text): Output(error: text)
    case .nicknameWanted, .welcome, .connected, .goodbye, .room, .youAreIn, .ping, .past, .pastEnd,
      .unknown(_, true):
      Output()
    }
  }

  private func terminal(_ line: ServerLine, _ nickname: String) -> String? {
    switch line {
    case .message(let from, let to, let text):
      from == nickname ? "you tell \(to): \(text)" : "\(from) tells you: \(text)"
    case .who(let names, _): "Here: \(names.joined(separator: ", "))"
    case .rooms(let rooms, _):
      "Rooms: \(rooms.map { $0.replacing("=", with: " ") }.joined(separator: ", "))"
    case .room(let name, _, _): "You are in \(name)"
    case .notice(let text): "* \(text)"
    case .error(_, let reason): "! \(reason)"
    case .said, .joined, .left, .renamed, .connected, .goodbye, .youAreIn, .unknown(_, false):
      String(decoding: line.encoded().dropLast(), as: UTF8.self)
    case .nicknameWanted, .welcome, .ping, .pong, .past, .pastEnd, .unknown(_, true): nil
    }
  }
}

/// A server's line as a JSON object, with the fields that apply to it.
private struct Event: Encodable {
  let event: String
  var nick: String?
  var from: String?
  var to: String?
  var text: String?
  var code: String?
  var room: String?
  var rooms: [String: Int]?
  var nicks: [String]?
  var seq: UInt64?
  var members: Int?

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
    case .error(let code, let reason): (event, self.code, text) = ("error", code, reason)
    case .pong(let token): (event, text) = ("pong", token)
    case .unknown(let text, false): (event, self.text) = ("line", text)
    case .nicknameWanted, .connected, .youAreIn, .ping, .past, .pastEnd, .unknown(_, true):
      return nil
    }
  }

  /// One line. Encoding strings and numbers does not fail.
  var json: String? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
  }
}
