package import ChatCore
package import ChatSystem

/// Why a connection ended. Each has exactly one reason, which the log names.
package enum CloseReason: Sendable, Equatable {
  /// The client asked for it: `exit`, `{quit}`, `[QUIT]:`.
  case left
  /// The client closed its side of the stream.
  case endOfStream
  /// The network or the client's system broke the connection.
  case connectionLost
  /// The client did not read its pending output while others waited for it.
  case slowConsumer
  /// The client was not registered when the time for the handshake was over.
  case handshakeTimeout
  /// The same, but it had sent bytes without a line end.
  case lineWithoutEnd
  /// It sent a request of HTTP where a nickname was awaited.
  case httpRequest
  /// Too many lines of the handshake, or too many room codes, were refused.
  case tooManyTries
  /// The system has no thread or memory left for it.
  case serverFull
  /// Its address has as many connections as one may have.
  case tooManyConnections
  /// It came from another machine without TLS, which this server wants.
  case tlsRequired
  /// The server is stopping.
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
    case .httpRequest: "an HTTP request instead of a nickname"
    case .tooManyTries: "too many tries"
    case .serverFull: "server full"
    case .tooManyConnections: "too many connections from its address"
    case .tlsRequired: "no TLS"
    case .shuttingDown: "shutting down"
    }
  }

  /// How its stream ends.
  package var streamEnd: StreamEnd {
    switch self {
    case .left, .endOfStream, .connectionLost: .wanted
    case .shuttingDown: .goingAway
    case .slowConsumer: .tooSlow
    case .handshakeTimeout, .lineWithoutEnd, .httpRequest, .tooManyTries, .serverFull,
      .tooManyConnections, .tlsRequired:
      .refused
    }
  }

  /// The last line sent to the client, if there is one.
  package var lastLine: ServerLine? {
    switch self {
    case .left: .session(.goodbye)
    case .endOfStream, .connectionLost, .httpRequest: nil
    case .slowConsumer: .error(Refusal(.slowConsumer, "you did not read what the room said"))
    case .handshakeTimeout: .control(.notice("No nickname in time. Try again."))
    case .lineWithoutEnd:
      .control(
        .notice(
          "No nickname in time: bytes came without LF. Send the nickname and LF, as in \"alice\\n\"."
        ))
    case .tooManyTries: .error(Refusal(.tooManyTries, "too many refused lines"))
    case .serverFull: .error(Refusal(.serverFull, "the server is full"))
    case .tooManyConnections:
      .error(Refusal(.tooManyConnections, "there are too many connections from your address"))
    case .tlsRequired:
      .error(
        Refusal(
          .tlsRequired,
          "this server wants TLS: use chat-client, or openssl s_client -quiet -connect HOST:PORT"))
    case .shuttingDown: .error(Refusal(.shuttingDown, "the server is shutting down"))
    }
  }
}
