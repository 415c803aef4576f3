package import ChatCore

/// What a client says before it has a nickname, and what it is answered. Pure.
package struct Handshake {
  /// What is to be done about a line.
  package enum Step: Sendable, Equatable {
    /// Nothing.
    case wait
    /// Send this.
    case answer([ServerLine])
    /// Try this nickname (`Directory.claim`), and call `refused` if it can't be had.
    case choose(Nickname)
    /// Send this, then end.
    case end([ServerLine], CloseReason)
  }

  /// The client said `[HELLO]:1`.
  package private(set) var speaksVersion1 = false

  /// The room to enter.
  package private(set) var room = RoomName.lobby

  /// What it said after this number is wanted too.
  package private(set) var since: UInt64?

  private var refusals = 0

  /// Nothing has been said yet.
  package init() {}

  /// What greets a connection.
  package static let greeting = ServerLine.session(.nicknameWanted)

  /// Takes a line, or what was wrong with it.
  ///
  /// - Parameters:
  ///   - line: what the line asks for; a failure is one the parser found.
  ///   - text: the line's text, cleaned: a nickname if the line is text.
  ///   - isRoom: whether a room can be entered.
  package mutating func receive(
    _ line: Result<ClientLine, Refusal>, text: @autoclosure () -> String,
    isRoom: (RoomName) -> Bool
  ) -> Step {
    do throws(Refusal) {
      switch try line.get() {
      case .blank where text().isEmpty: return .wait
      case .blank, .text: return .choose(try Nickname.spelled(text()))
      case .quit: return .end([.session(.goodbye)], .left)
      case .hello(version: "1"):
        speaksVersion1 = true
        return .wait
      case .hello: throw Refusal(.badTag, "this server speaks [HELLO]:1")
      // No nickname has a password in this version, so any is right.
      case .password: return .wait
      case .room(let text, let since):
        let name = try RoomName(text)
        guard isRoom(name) else { throw .noSuchRoom }
        (room, self.since) = (name, since)
        return .wait
      case .ping(let token): return .answer([.control(.pong(token: token))])
      case .pong: return .wait
      case .nick, .who, .rooms, .message, .newRoom, .history, .search, .classicFile, .file, .data,
        .fileEnd, .get, .cancel, .got, .files, .sums:
        throw Refusal(.badTag, "choose a nickname first")
      }
    } catch {
      return refused(error)
    }
  }

  /// A room that seemed to be one is none: the lobby it is, then.
  package mutating func refusedRoom(_ refusal: Refusal) -> Step {
    (room, since) = (.lobby, nil)
    return refused(refusal)
  }

  /// A nickname can't be had.
  package mutating func refused(_ refusal: Refusal) -> Step {
    refusals += 1
    guard refusals < Limits.handshakeRefusals else {
      return .end([.error(refusal)], .tooManyTries)
    }
    return .answer([.error(refusal), .session(.nicknameWanted)])
  }
}
