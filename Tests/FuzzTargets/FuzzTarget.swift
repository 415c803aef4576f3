/// What can be fuzzed: a part of the programs that reads what somebody else has written.
///
/// Each takes any bytes at all, and traps if something is not as it should be: because the part itself does,
/// or because a demand of the target's is not met.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// The server's framer, parser and handshake, and what it makes of a client's words.
  case serverLines = "server-lines"
  /// The server's session, with its rooms, its history and its files.
  case session
  /// The client's decoder, and what it shows of a server's lines.
  case clientLines = "client-lines"
  /// The client's whole conversation, with its files, over one connection after another.
  case client
  /// The keys and answers of a terminal, and what is drawn.
  case terminal
  /// Image files, and what a tool has drawn.
  case pictures
  /// Searches, and what is read from the history.
  case history
  /// The journal that a server left, and what is made of it.
  case journal
  /// What a person types, and command lines.
  case input
  /// Heads of HTTP requests.
  case httpHead = "http-head"
  /// Frames of WebSocket.
  case webSocket = "websocket"

  /// Does what a peer would with these bytes.
  package func run(_ input: [UInt8]) {
    switch self {
    case .serverLines: ServerLinesTarget.run(input)
    case .session: SessionTarget.run(input)
    case .clientLines: ClientLinesTarget.run(input)
    case .client: ClientTarget.run(input)
    case .terminal: TerminalTarget.run(input)
    case .pictures: PicturesTarget.run(input)
    case .history: HistoryTarget.run(input)
    case .journal: JournalTarget.run(input)
    case .input: InputTarget.run(input)
    case .httpHead: HTTPHeadTarget.run(input)
    case .webSocket: WebSocketTarget.run(input)
    }
  }
}

/// Ends the process if something is not as it should be.
func demand(_ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
  if !condition() { fatalError(what()) }
}
