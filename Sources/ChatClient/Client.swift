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
      let conversation = try connect()
      return conversation.run()
    } catch {
      return error
    }
  }

  // MARK: The handshake

  private func connect() throws(ClientExit) -> Conversation {
    let stream: Stream
    do { stream = try Stream.connect(to: options.address) } catch {
      complain("\(error)")
      throw .unavailable
    }
    let receiver = Receiver(stream: stream)
    let sender = Sender(stream: stream)
    sender.send(TaggedLine("HELLO", "1").encoded())
    if let room = options.room { sender.send(TaggedLine("ROOM", room).encoded()) }
    let nickname = try shakeHands(receiver, sender)
    return Conversation(
      receiver: receiver, sender: sender, input: input, renderer: renderer, isTyped: isTyped,
      nickname: nickname)
  }

  /// Answers `NICK` until the server lets us in, and shows what it says meanwhile.
  private func shakeHands(
    _ receiver: Receiver, _ sender: Sender
  ) throws(ClientExit) -> String {
    var nickname: String?
    var given = options.nickname
    var failure = ClientExit.lost
    while let line = receiver.receive() {
      switch line {
      case .nicknameWanted:
        guard let choice = given ?? ask() else { throw .left }
        given = nil
        nickname = choice
        sender.send(Array("\(choice)\n".utf8))
      case .error(let code, let reason):
        failure = Self.exit(after: code)
        guard isTyped, failure == .refused else {
          complain(reason)
          throw failure
        }
        show(line, nickname ?? "")
      case .connected:
        show(line, nickname ?? "")
        return nickname ?? ""
      default: show(line, nickname ?? "")
      }
    }
    complain("the server closed the connection")
    throw failure
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

  private func show(_ line: ServerLine, _ nickname: String) {
    renderer.render(line, nickname: nickname).write()
  }

  private func complain(_ reason: String) {
    StandardStream.error.writeIfPossible("chat-client: \(reason)\n")
  }
}

extension Renderer.Output {
  /// Shows it: complaints go to standard error.
  func write() {
    if let output { StandardStream.output.writeIfPossible(output + "\n") }
    if let error { StandardStream.error.writeIfPossible("chat-client: \(error)\n") }
  }
}
