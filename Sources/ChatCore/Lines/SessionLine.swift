/// A line that says where the client stands: the handshake, its room, the end.
public enum SessionLine: Sendable, Equatable {
  /// `NICK`: choose a nickname.
  case nicknameWanted
  /// `[WELCOME]:1`, to a client that sent `[HELLO]`: the room, the number of the room's line just
  /// before this one, how many are in the room, the largest file taken, in bytes, and what proves by HTTP that a request
  /// is the client's.
  case welcome(
    room: String, sequence: UInt64, members: Int, maxFileBytes: UInt64, token: String? = nil)
  /// `Connected to server!`.
  case connected
  /// `[ROOM]:name` with `seq=` and `members=`: the room that the client is in from now on.
  case room(String, sequence: UInt64, members: Int)
  /// `You are in lobby`, the same to a classic client.
  case youAreIn(String)
  /// `Bye!`.
  case goodbye

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] {
    switch self {
    case .nicknameWanted: PlainLine.encoded("NICK")
    case .connected: PlainLine.encoded("Connected to server!")
    case .youAreIn(let room): PlainLine.encoded("You are in \(room)")
    case .goodbye: PlainLine.encoded("Bye!")
    case .welcome(let room, let sequence, let members, let maxFileBytes, let token):
      TaggedLine(
        "WELCOME", "1",
        [
          .init("room", room), .init("seq", "\(sequence)"), .init("members", "\(members)"),
          .init("max-file", "\(maxFileBytes)"),
        ] + (token.map { [.init("token", $0)] } ?? [])
      ).encoded()
    case .room(let name, let sequence, let members):
      TaggedLine("ROOM", name, [.init("seq", "\(sequence)"), .init("members", "\(members)")])
        .encoded()
    }
  }

  /// Reads a line without a tag; `nil` if it is something else.
  ///
  /// - Parameter words: the line, split at its spaces.
  init?(_ text: String, words: [String]) {
    switch text {
    case "NICK": self = .nicknameWanted
    case "Bye!": self = .goodbye
    case "Connected to server!": self = .connected
    default:
      guard words.count == 4, words[0] == "You", words[1] == "are", words[2] == "in" else {
        return nil
      }
      self = .youAreIn(words[3])
    }
  }

  init?(_ line: TaggedLine) {
    switch line.tag {
    case "WELCOME":
      self = .welcome(
        room: line["room"] ?? "", sequence: line.unsigned("seq") ?? 0,
        members: line.count("members") ?? 0, maxFileBytes: line.unsigned("max-file") ?? 0,
        token: line["token"])
    case "ROOM":
      self = .room(
        line.value, sequence: line.unsigned("seq") ?? 0, members: line.count("members") ?? 0)
    default: return nil
    }
  }
}
