internal import ChatClientModel
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
  private let mailbox: TransferMailbox
  private let isTyped: Bool
  private let renderer: Renderer

  private let lock = Lock()
  private let hasEnded = Condition()
  private var exit: ClientExit?

  init(
    _ conversation: Conversation, outgoing: Outgoing, input: LineInput,
    mailbox: TransferMailbox, isTyped: Bool, renderer: Renderer
  ) {
    self.conversation = conversation
    self.outgoing = outgoing
    self.input = input
    self.mailbox = mailbox
    self.isTyped = isTyped
    self.renderer = renderer
  }

  /// Starts the threads and waits for the end.
  ///
  /// Thread: main.
  /// - Parameters:
  ///   - connection: one that the conversation has entered through.
  ///   - files: what to send; if there is any, the input is not read.
  func run(_ connection: Connection, sending files: [FilePath]) -> ClientExit {
    if !files.isEmpty {
      conversation.transfers.send(files)
      _ = outgoing.end(atOnce: false)
    }
    do throws(SystemError) {
      try SystemThread.start(named: "receive") { self.receive(connection) }
      try SystemThread.start(named: "write") { self.write() }
      if files.isEmpty { try SystemThread.start(named: "input") { self.read() } }
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
    var buffer = FrameBuffer()
    while true {
      let (stream, work) = outgoing.next()
      send(work, to: stream, &buffer)
    }
  }

  /// Sends what was taken out of `outgoing`.
  func send(_ work: Outgoing.Work, to stream: any Transport, _ buffer: inout FrameBuffer) {
    // If the connection is gone, the receive thread finds out.
    switch work {
    case .lines(let bytes): try? stream.sendAll(bytes)
    case .frame(let frame):
      do throws(UploadFailure) {
        try frame.file.read(frame, into: &buffer)
        try? buffer.send(to: stream)
      } catch {
        outgoing.stopSending(frame.token)
        mailbox.post(.unreadable(token: frame.token, reason: error.reason))
      }
    }
  }

  // MARK: The input thread

  private func read() {
    while let lines = input.nextLines() {
      if input.hasLost { outgoing.noteLoss() }
      if isTyped {
        for line in lines where !type(line) { return }
      } else {
        outgoing.append(lines.map { .raw($0) })
      }
    }
    if input.hasLost { outgoing.noteLoss() }
    endInput()
  }

  /// Nothing more is typed: we leave once everything is done.
  func endInput() {
    if isTyped { mailbox.post(.inputEnded) }
    end(atOnce: false)
  }

  /// Does what a person typed.
  ///
  /// - Returns: whether more may follow.
  func type(_ line: [UInt8]) -> Bool {
    switch TypedLine(line, home: Process.homeFolder?.bytes) {
    case .nothing: break
    case .show(let text): do { try answer(text) } catch { finish(error) }
    case .send(let line): outgoing.append([line])
    case .sendFiles(let paths): mailbox.post(.send(paths.map { FilePath($0) }))
    case .get(let id): mailbox.post(.get(id))
    case .cancel(let id): mailbox.post(.cancel(id))
    case .leave:
      mailbox.post(.leave)
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
    // Files are waited for as if it were there. What has left the mailbox holds already, if it is to.
    let waits = !atOnce && (mailbox.hasWishes || outgoing.isHeld)
    // A person who wants to leave does not wait for the server to come back.
    if isTyped, !isConnected, !waits { finish(outgoing.exitWithoutServer()) }
  }
}
