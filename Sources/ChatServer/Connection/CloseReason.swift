package import ChatCore

/// Why a connection ended. Every one has exactly one reason, which the log names.
package enum CloseReason: Sendable, Equatable {
  /// It said so: `exit`, `{quit}`, `[QUIT]:`.
  case left
  /// Its stream ended: the program at the other end closed it.
  case endOfStream
  /// The network or the peer's system broke it.
  case connectionLost
  /// It took nothing of what it was owed while others waited for it.
  case slowConsumer
  /// It had no nickname when the time for the handshake was over.
  case handshakeTimeout
  /// The same, but bytes had come that no line end followed.
  case lineWithoutEnd
  /// Too many of its handshake's lines were refused.
  case tooManyTries
  /// The system has no thread left for it.
  case serverFull
  /// The server stops.
  case shuttingDown

  /// The reason in the log.
  package var text: String {
    switch self {
    case .left: "left"
    case .endOfStream: "end of stream"
    case .connectionLost: "connection lost"
    case .slowConsumer: "slow consumer"
    case .handshakeTimeout: "no nickname in time"
    case .lineWithoutEnd: "no line end in time"
    case .tooManyTries: "too many tries"
    case .serverFull: "server full"
    case .shuttingDown: "shutting down"
    }
  }

  /// The last line the client gets, if there is something to say.
  package var lastLine: ServerLine? {
    switch self {
    case .left: .session(.goodbye)
    case .endOfStream, .connectionLost: nil
    case .slowConsumer: .error(Refusal(.slowConsumer, "you did not read what the room said"))
    case .handshakeTimeout: .control(.notice("No nickname in time. Try again."))
    case .lineWithoutEnd:
      .control(
        .notice(
          "No nickname in time: bytes came without LF. Send the nickname and LF, as in \"alice\\n\"."
        ))
    case .tooManyTries: .error(Refusal(.tooManyTries, "too many refused lines"))
    case .serverFull: .error(Refusal(.serverFull, "the server is full"))
    case .shuttingDown: .error(Refusal(.shuttingDown, "the server is shutting down"))
    }
  }
}
