internal import ChatCore
internal import ChatSystem

/// The chat client: connects, gets a nickname, then receives on one thread and writes on another.
package final class Client: Sendable {
  private let options: ClientOptions
  private let renderer: Renderer
  /// Whether a person types: lines are commands then, and questions can be asked.
  private let isTyped: Bool
  private let input = LineInput()

  /// Makes a client; nothing happens before `run`.
  package init(options: ClientOptions) {
    self.options = options
    isTyped = StandardStream.input.isTerminal
    let style: Renderer.Style =
      if options.isJSON { .json } else if isTyped { .terminal } else { .plain }
    renderer = Renderer(style: style)
  }

  /// Does it all, and says how it ended.
  package func run() -> ClientExit {
    do throws(ClientExit) {
      return try connect().run()
    } catch {
      return error
    }
  }

  // MARK: The handshake

  /// Asks for a nickname until the server takes one: with a connection for each, so that nobody who
  /// thinks about it is too slow for the server.
  private func connect() throws(ClientExit) -> Conversation {
    var given = options.nickname
    while true {
      guard let choice = given ?? ask(), choice != "exit", choice != "{quit}" else { throw .left }
      given = nil
      switch try connect(as: choice) {
      case .success(let conversation): return conversation
      case .failure(let refusal):
        guard isTyped else {
          Screen.complain(refusal.reason)
          throw .refused
        }
        try show(.error(code: "", reason: refusal.reason))
      }
    }
  }

  /// Connects with a nickname.
  ///
  /// - Returns: the conversation, or why the nickname can't be had.
  private func connect(
    as choice: String
  ) throws(ClientExit) -> Result<Conversation, NicknameRefused> {
    let nickname: Nickname
    do { nickname = try Nickname(choice) } catch {
      return .failure(NicknameRefused(reason: error.reason))
    }
    let stream: Stream
    do { stream = try Stream.connect(to: options.address) } catch {
      Screen.complain("\(error)")
      throw .unavailable
    }
    // A server that vanished without a word is found out in two minutes.
    stream.detectLoss(idle: 60, interval: 15)
    let receiver = Receiver(stream: stream)
    let sender = Sender(stream: stream)
    sender.send(TaggedLine("HELLO", "1").encoded())
    if let room = options.room { sender.send(TaggedLine("ROOM", room).encoded()) }
    if let refusal = try shakeHands(receiver, sender, nickname) { return .failure(refusal) }
    return .success(
      Conversation(
        receiver: receiver, sender: sender, input: input, renderer: renderer, isTyped: isTyped,
        nickname: nickname.text))
  }

  /// Answers `NICK` and waits to be let in, and shows what the server says meanwhile.
  ///
  /// - Returns: why the nickname can't be had; `nil` if we are in.
  private func shakeHands(
    _ receiver: Receiver, _ sender: Sender, _ nickname: Nickname
  ) throws(ClientExit) -> NicknameRefused? {
    while let line = receiver.receive() {
      switch line {
      case .nicknameWanted: sender.send(Array("\(nickname.text)\n".utf8))
      case .error(let code, let reason):
        let exit = Self.exit(after: code)
        if exit == .refused { return NicknameRefused(reason: reason) }
        Screen.complain(reason)
        throw exit
      case .connected:
        try show(line)
        return nil
      default: try show(line)
      }
    }
    Screen.complain("the server closed the connection")
    throw .lost
  }

  private static func exit(after code: String) -> ClientExit {
    switch ErrorCode(rawValue: code) {
    case .nickInUse, .nickInvalid, .tooManyTries: .refused
    case .serverFull, .shuttingDown: .unavailable
    default: code.hasPrefix("password-") ? .refused : .lost
    }
  }

  /// A nickname from whoever is at the other end of standard input.
  private func ask() -> String? {
    if isTyped {
      let stream = StandardStream.output.isTerminal ? StandardStream.output : .error
      stream.writeIfPossible("Choose your nickname: ")
    }
    return input.next().map { TextCleaner.clean($0.span) }
  }

  private func show(_ line: ServerLine) throws(ClientExit) {
    let rendered = renderer.render(line, nickname: "")
    if let text = rendered.output { try Screen.show(text + "\n") }
    if let text = rendered.error { Screen.complain(text) }
  }
}

/// A nickname that the server, or the protocol, does not take.
private struct NicknameRefused: Error {
  /// For a person.
  let reason: String
}
