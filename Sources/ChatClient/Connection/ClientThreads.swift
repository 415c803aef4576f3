package import ChatClientModel
package import ChatCore
package import ChatSystem

/// The parts of a client that has chosen its server and nickname, and the threads that run them: one receives, one
/// writes, one reads the input.
///
/// They share `OutgoingQueue`: input fills it, the write thread empties it into the present connection, and the
/// receive thread, whose `ConnectionLoop` makes the connections, notes what has come back.
package final class ClientThreads: @unchecked Sendable {
  // Safety: `loop` and `transfers` are confined to the main thread until `run` starts the threads, and to the receive
  // thread from then on; `input` to the main and then the input thread. All others are thread-safe.

  private let loop: ConnectionLoop
  private let transfers: FileTransfers
  private let outgoing: OutgoingQueue
  private let mailbox: TransferMailbox
  private let input: any ClientInput
  private let output: any ClientOutput
  private let renderer: Renderer
  private let isTyped: Bool
  /// Set once the client is to end.
  private let exit = Guarded<ClientExit?>(nil)

  /// Puts the parts together.
  ///
  /// - Parameters:
  ///   - isTyped: a person types: lines are commands, and questions can be asked.
  ///   - folder: where files are saved.
  ///   - threads: the transfers'.
  ///   - clock: the timeouts'.
  ///   - service: makes what one transfer's requests go over.
  package init(
    options: ClientOptions, nickname: Nickname, isTyped: Bool, route: ServerRoute,
    folder: Result<DownloadFolder, SystemError>, renderer: Renderer, input: any ClientInput,
    output: any ClientOutput, threads: TransferThreads = .system,
    clock: ClientClock = .monotonic,
    service: @escaping @Sendable () throws -> any FileService
  ) throws(SystemError) {
    mailbox = try TransferMailbox()
    outgoing = OutgoingQueue(nickname: nickname, isTyped: isTyped)
    let setStatus: (@Sendable (String?) -> Void)? =
      output.hasStatusRow ? { @Sendable in output.setStatus($0) } : nil
    transfers = FileTransfers(
      options: options, isTyped: isTyped, folder: folder, outgoing: outgoing, mailbox: mailbox,
      threads: threads, clock: clock, service: service, setStatus: setStatus)
    let conversation = Conversation(
      nickname: nickname, isTyped: isTyped, outgoing: outgoing, transfers: transfers,
      renderer: renderer, output: output)
    loop = ConnectionLoop(
      over: route, options: options, isTyped: isTyped, conversation: conversation,
      outgoing: outgoing, transfers: transfers, mailbox: mailbox, output: output, clock: clock)
    (self.isTyped, self.input, self.output) = (isTyped, input, output)
    self.renderer = renderer
  }

  /// Shakes hands for the first time.
  ///
  /// Thread: main.
  package func enter(
    _ connection: Connection, until deadline: MonotonicTime
  ) throws(ClientExit) -> HandshakeResult {
    try loop.enter(connection, until: deadline)
  }

  /// Starts the threads and waits for the end.
  ///
  /// Thread: main.
  /// - Parameters:
  ///   - connection: one that was entered through.
  ///   - files: what to send; if there is any, the input is not read.
  package func run(_ connection: Connection, sending files: [FilePath] = []) -> ClientExit {
    if !files.isEmpty {
      transfers.send(files)
      _ = outgoing.end(atOnce: false)
    }
    do throws(SystemError) {
      try SystemThread.start(named: "receive") { self.finish(self.receive(from: connection)) }
      try SystemThread.start(named: "write") { self.write() }
      if files.isEmpty { try SystemThread.start(named: "input") { self.read() } }
    } catch {
      output.complain("\(error)")
      return .lost
    }
    defer { outgoing.close() }
    return exit.wait { $0 }
  }

  /// Thread: any.
  private func finish(_ exit: ClientExit) {
    self.exit.withLock { $0 = $0 ?? exit }
    self.exit.wake()
  }

  // MARK: The receive thread

  /// Follows a connection, and those after it, to the end of the client.
  package func receive(from connection: Connection) -> ClientExit {
    do throws(ClientExit) { try loop.run(connection) } catch { return error }
  }

  // MARK: The write thread

  private func write() {
    while let (stream, lines) = outgoing.next() { send(lines, to: stream) }
  }

  /// Sends what waits.
  ///
  /// - Returns: false if there is nothing to send now.
  package func writeOnce() -> Bool {
    guard let (stream, lines) = outgoing.nextIfAny() else { return false }
    send(lines, to: stream)
    return true
  }

  private func send(_ lines: [UInt8], to stream: any ClientTransport) {
    // If the connection is gone, the receive thread finds out.
    try? stream.sendAll(lines)
  }

  // MARK: The input thread

  private func read() {
    while let lines = input.nextLines() {
      if input.hasLost { outgoing.noteLoss() }
      guard take(lines) else { return }
    }
    if input.hasLost { outgoing.noteLoss() }
    endInput()
  }

  /// Does what lines of input say.
  ///
  /// - Returns: whether more may follow.
  package func take(_ lines: [[UInt8]]) -> Bool {
    guard isTyped else {
      outgoing.append(lines.map { .raw($0) })
      return true
    }
    return lines.allSatisfy { type($0) }
  }

  /// Leaves once everything is done: no more input comes.
  package func endInput() {
    if isTyped { mailbox.post(.inputEnded) }
    end(atOnce: false)
  }

  /// Does what a person typed.
  ///
  /// - Returns: whether more may follow.
  private func type(_ line: [UInt8]) -> Bool {
    switch TypedLine(line, home: Process.homeFolder?.bytes) {
    case .nothing: break
    case .display(let text): do { try display(answer: text) } catch { finish(error) }
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

  /// Displays the answer to a command that the client answers itself.
  private func display(answer text: String) throws(ClientExit) {
    let rendered = renderer.render(answer: text)
    if let text = rendered.output { try output.display(text + "\n") }
    if let text = rendered.error { output.advise(text) }
  }

  private func end(atOnce: Bool) {
    // Who does not want to wait for the end can press Ctrl-C.
    input.close()
    let isConnected = outgoing.end(atOnce: atOnce)
    // Files are waited for even while the connection is lost: those of the mailbox, and those that hold the end.
    let waits = !atOnce && (mailbox.hasWishes || outgoing.isHeld)
    // A person who wants to leave does not wait for the connection.
    if isTyped, !isConnected, !waits { finish(outgoing.exitWithoutServer(output)) }
  }
}
