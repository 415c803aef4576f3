internal import ChatCore
internal import ChatSystem

/// The threads of a client that is in: one receives, one writes, one reads the input.
///
/// They share `Outgoing`: input fills it, the write thread empties it into the connection there is, and
/// the receive thread, whose `Conversation` makes the connections, tells it what has come back.
final class Session: @unchecked Sendable {
  // Sound: `exit` is guarded by `lock`; `input` is the input thread's, `conversation` the receive
  // thread's; the rest never changes.

  private let conversation: Conversation
  private let outgoing: Outgoing
  private let input: LineInput
  private let isTyped: Bool
  private let renderer: Renderer

  private let lock = Lock()
  private let hasEnded = Condition()
  private var exit: ClientExit?

  init(
    _ conversation: Conversation, outgoing: Outgoing, input: LineInput, isTyped: Bool,
    renderer: Renderer
  ) {
    self.conversation = conversation
    self.outgoing = outgoing
    self.input = input
    self.isTyped = isTyped
    self.renderer = renderer
  }

  /// Starts the threads and waits for the end.
  ///
  /// Thread: main.
  /// - Parameter connection: one that the conversation has entered through.
  func run(_ connection: Connection) -> ClientExit {
    do throws(SystemError) {
      try SystemThread.start(named: "receive") { self.receive(connection) }
      try SystemThread.start(named: "write") { self.write() }
      try SystemThread.start(named: "input") { self.read() }
    } catch {
      Screen.complain("\(error)")
      return .lost
    }
    return lock.withLock {
      while true {
        if let exit { return exit }
        hasEnded.wait(lock)
      }
    }
  }

  /// Thread: any.
  private func finish(_ exit: ClientExit) {
    lock.withLock {
      self.exit = self.exit ?? exit
      hasEnded.broadcast()
    }
  }

  // MARK: The receive and write threads

  private func receive(_ connection: Connection) {
    do throws(ClientExit) { try conversation.run(connection) } catch { finish(error) }
  }

  private func write() {
    while true {
      let (stream, bytes) = outgoing.next()
      // If the connection is gone, the receive thread finds out.
      try? stream.sendAll(bytes)
    }
  }

  // MARK: The input thread

  private func read() {
    while let lines = input.nextLines() {
      if input.hasLost { outgoing.noteLoss() }
      if isTyped {
        for line in lines where !type(TextCleaner.clean(line.span)) { return }
      } else {
        outgoing.append(lines.map { .raw($0) })
      }
    }
    if input.hasLost { outgoing.noteLoss() }
    end(atOnce: false)
  }

  /// Does what a person typed.
  ///
  /// - Returns: whether more may follow.
  private func type(_ text: String) -> Bool {
    switch TypedLine(text) {
    case .nothing: break
    case .show(let text): do { try answer(text) } catch { finish(error) }
    case .send(let line): outgoing.append([line])
    case .leave:
      end(atOnce: true)
      return false
    }
    return true
  }

  /// Shows what a command has to say.
  private func answer(_ text: String) throws(ClientExit) {
    let rendered = renderer.render(answer: text)
    if let text = rendered.output { try Screen.show(text + "\n") }
    if let text = rendered.error { Screen.advise(text) }
  }

  private func end(atOnce: Bool) {
    // Nobody types any more: whoever does not want to wait for the end has Ctrl-C again.
    Screen.releaseTerminal()
    let isConnected = outgoing.end(atOnce: atOnce)
    // A person who wants to leave does not wait for the server to come back.
    if isTyped, !isConnected { finish(outgoing.exitWithoutServer()) }
  }
}
