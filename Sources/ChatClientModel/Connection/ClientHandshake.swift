package import ChatCore

/// The client's side of the handshake: what each line of the server asks for until the client is in. Pure.
///
/// The client says nothing before it is asked for a nickname: one that does not ask is not a chat server.
package struct ClientHandshake: Sendable {
  /// What to do about a line.
  package enum Step: Equatable, Sendable {
    /// Nothing.
    case ignore
    /// Send `[HELLO]`, the wanted room and the nickname.
    case introduce
    /// Send the nickname again.
    case sendNickname
    /// The room to return to is gone. The server asks for a nickname again, and lets the client into the lobby.
    case roomGone
    /// Follow the line as one of the conversation.
    case follow
    /// Follow the line: the client is in.
    case enter
    /// The server refuses the client.
    case refused(code: String, reason: String)
    /// It is no server that this client can talk to, and why.
    case stranger(String)
  }

  private let nickname: String
  private let isReturning: Bool
  /// Whether the server has asked for a nickname.
  package private(set) var isAsked = false
  private var hasJoined = false
  private var isRoomGone = false

  /// Begins.
  ///
  /// - Parameter isReturning: the client names the room that it was in when the connection was lost.
  package init(nickname: String, isReturning: Bool) {
    (self.nickname, self.isReturning) = (nickname, isReturning)
  }

  /// The server sends a line that is no part of the protocol at this point.
  package static let notGreeted = notOfThisKind("begin with NICK")

  /// The server asks for a nickname, and does not end the line.
  package static let withoutLineEnds =
    "is a chat server without line ends, which this client does not speak with"

  private static func notOfThisKind(_ what: String) -> String {
    "is no chat server of this kind: it does not \(what)"
  }

  /// Takes the server's next line.
  package mutating func take(_ line: ServerLine) -> Step {
    switch line {
    case .session(.nicknameWanted) where !isAsked:
      isAsked = true
      return .introduce
    // The nickname was sent together with the room that is gone: this question is answered already.
    case .session(.nicknameWanted) where isRoomGone: return .ignore
    case .session(.nicknameWanted): return .sendNickname
    case .control(.error(ErrorCode.roomNotFound.rawValue, _)) where isReturning && !isRoomGone:
      isRoomGone = true
      return .roomGone
    case .control(.error(let code, let reason)): return .refused(code: code, reason: reason)
    case .session(.connected) where isAsked: return .enter
    case _ where Self.isTakenForNickname(line):
      return .stranger("is a chat server that does not know [HELLO]; join it with nc")
    case _ where !hasJoined && isOfRoom(line):
      return .stranger(isAsked ? Self.notOfThisKind("let us join") : Self.notGreeted)
    case .room(.joined), .session(.welcome):
      hasJoined = true
      return .follow
    default: return .follow
    }
  }

  /// Whether `[HELLO]` was taken for a nickname, or echoed.
  private static func isTakenForNickname(_ line: ServerLine) -> Bool {
    line.encoded().starts(with: "[HELLO]:1".utf8)
  }

  /// Whether a line belongs to a room, whose lines a client gets only after it has joined.
  private func isOfRoom(_ line: ServerLine) -> Bool {
    switch line {
    case .room(.joined(let name)): name != nickname
    case .room, .session(.connected), .session(.goodbye), .session(.youAreIn), .unknown(_, false):
      true
    default: false
    }
  }
}
