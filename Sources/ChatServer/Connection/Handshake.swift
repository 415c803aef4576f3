package import ChatCore
internal import ChatHTTP

/// The rules of the handshake: what an unregistered client may send, and how it is answered. Pure.
package struct Handshake {
  /// What to do about a line.
  package enum Step: Sendable, Equatable {
    /// Nothing.
    case wait
    /// Send this.
    case answer([ServerLine])
    /// Claim this nickname (`Directory.claim`), and call `refused` if that fails.
    case choose(Nickname)
    /// Send this, then end.
    case end([ServerLine], CloseReason)

    /// Why the line was refused; `nil` if it was not.
    package var refusalCode: ErrorCode? {
      switch self {
      case .answer(let lines), .end(let lines, _):
        guard case .control(.error(let code, _)) = lines.first else { return nil }
        return ErrorCode(rawValue: code)
      case .wait, .choose: return nil
      }
    }
  }

  /// The client sent `[HELLO]:1`.
  package private(set) var speaksVersion1 = false

  /// The room to enter.
  package private(set) var room = RoomName.lobby

  /// The client wants a private room of its own, with a new code, instead.
  package private(set) var wantsNewRoom = false

  /// The client wants the room's lines after this number, too.
  package private(set) var since: UInt64?

  private var refusals = 0

  /// Begins a handshake.
  package init() {}

  /// The first line sent to a connection.
  package static let greeting = ServerLine.session(.nicknameWanted)

  /// Takes a line, or the parser's refusal of it.
  ///
  /// - Parameters:
  ///   - line: what the line asks for.
  ///   - text: the line's text, cleaned: a nickname if the line is text.
  ///   - isRoom: says whether a room can be entered.
  package mutating func receive(
    _ line: Result<ClientLine, Refusal>, text: @autoclosure () -> String,
    isRoom: (RoomName) -> Bool
  ) -> Step {
    if Self.isHTTP(line, text) { return .end([], .httpRequest) }
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
        (room, self.since, wantsNewRoom) = (name, since, false)
        return .wait
      case .newRoom:
        (room, since, wantsNewRoom) = (.lobby, nil, true)
        return .wait
      case .ping(let token): return .answer([.control(.pong(token: token))])
      case .pong: return .wait
      case .nick, .who, .rooms, .message, .history, .search, .classicFile, .fileEnd, .get, .got,
        .files:
        throw Refusal(.badTag, "choose a nickname first")
      }
    } catch {
      return refused(error)
    }
  }

  /// Whether a line is part of a request of HTTP: a request line, or, where that was too long to be a line, the `Host`
  /// that browsers send next. A web page can have a browser send it here, and what follows is the page's.
  private static func isHTTP(_ line: Result<ClientLine, Refusal>, _ text: () -> String) -> Bool {
    if case .success(let line) = line {
      switch line {
      case .text, .blank: break
      default: return false
      }
    }
    let bytes = Array(text().utf8)
    return RequestLine.isMeant(by: bytes.span)
      || bytes.prefix(5).map { $0 | 0x20 } == Array("host:".utf8).map { $0 | 0x20 }
  }

  /// The chosen room does not exist after all: the client enters the lobby.
  package mutating func refusedRoom(_ refusal: Refusal) -> Step {
    (room, since, wantsNewRoom) = (.lobby, nil, false)
    return refused(refusal)
  }

  /// Refuses a line, or a nickname that can't be claimed.
  package mutating func refused(_ refusal: Refusal) -> Step {
    refusals += 1
    guard refusals < Limits.handshakeRefusals else {
      return .end([.error(refusal)], .tooManyTries)
    }
    return .answer([.error(refusal), .session(.nicknameWanted)])
  }
}
