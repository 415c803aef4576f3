package import ChatCore

/// Renders lines of the server, and notices of the client, for standard output and standard error. Pure.
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

  /// A line for each of the two streams, without LF; `nil` where there is nothing to display.
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

  /// The time of a line of history for a person, given the time as the protocol has it.
  private let localTime: @Sendable (String) -> String

  /// Makes a renderer.
  ///
  /// - Parameters:
  ///   - style: who reads the output.
  ///   - localTime: the time of a line of history for a person, given the time as the protocol has it.
  package init(style: Style, localTime: @escaping @Sendable (String) -> String) {
    self.style = style
    self.localTime = localTime
  }

  /// - Parameters:
  ///   - line: the server's.
  ///   - nickname: one's own.
  package func render(_ line: ServerLine, nickname: String) -> Output {
    switch style {
    case .plain: plain(line)
    case .terminal: Output(output: terminal(line, nickname))
    case .json: Output(output: JSONEvent.of(line)?.text)
    }
  }

  /// A notice of the client itself.
  package func render(_ notice: Notice) -> Output {
    let text = notice.text(localTime: localTime)
    return switch style {
    case .plain: Output(error: notice.isForPeople ? nil : text)
    case .terminal: Output(output: text.map { "\(notice.isFailure ? "!" : "*") \($0)" })
    case .json: Output(output: JSONEvent.of(notice)?.text)
    }
  }

  /// The client's answer to a person's command.
  package func render(answer text: String) -> Output {
    switch style {
    case .plain: Output(error: text)
    case .terminal: Output(output: text)
    case .json: Output(output: JSONEvent.notice(text).text)
    }
  }

  private func plain(_ line: ServerLine) -> Output {
    switch line {
    case .room, .message, .reply(.who), .reply(.rooms), .control(.pong), .transfer(.listed),
      .unknown(_, false):
      Output(output: String(decoding: line.encoded().dropLast(), as: UTF8.self))
    case .reply(.past(let text, _, _, _)): Output(output: text)
    case .control(.notice(let text)), .control(.error(_, let text)),
      .transfer(.error(_, let text, _)):
      Output(error: text)
    case .session, .reply(.pastEnd), .transfer, .control(.ping), .unknown(_, true): Output()
    }
  }

  private func terminal(_ line: ServerLine, _ nickname: String) -> String? {
    switch line {
    case .room, .session(.connected), .session(.goodbye), .session(.youAreIn), .unknown(_, false):
      String(decoding: line.encoded().dropLast(), as: UTF8.self)
    case .message(let from, let to, let text):
      from == nickname ? "you tell \(to): \(text)" : "\(from) tells you: \(text)"
    case .session(.room(let name, _, _)): Self.whereabouts(name)
    case .session(.welcome(let room, _, _, _, _)):
      room.isEmpty || room == RoomName.lobby.text ? nil : Self.whereabouts(room)
    case .reply(.who(let names, _)): "Here: \(names.joined(separator: ", "))"
    case .reply(.rooms(let rooms, _)):
      "Rooms: \(rooms.map { $0.replacing("=", with: " ") }.joined(separator: ", "))"
    case .reply(.past(let text, _, let time, _)): "\(localTime(time)) \(text)"
    case .control(.notice(let text)): "* \(text)"
    case .control(.error(_, let reason)), .transfer(.error(_, let reason, _)): "! \(reason)"
    case .session(.nicknameWanted), .reply(.pastEnd), .transfer, .control, .unknown(_, true): nil
    }
  }

  /// Which room the client is in, and how others enter a private one.
  private static func whereabouts(_ room: String) -> String {
    guard let name = try? RoomName(room), name.kind == .private else { return "You are in \(room)" }
    return "You are in \(room); others enter it with /join \(room)"
  }
}
