package import ChatClientModel
package import ChatCore
package import ChatSystem

/// A whole client without threads, sockets and pauses: whoever drives it plays the server, the person at the
/// terminal, and the threads that write and that read files.
///
/// Thread: one. `run` asks for connections and reads from them; everything else is called from within, by the
/// `Transport`'s waits, so that what happens between two receptions is the driver's choice.
package final class ScriptedClient {
  private let conversation: Conversation
  private let outgoing: Outgoing
  private let session: Session
  private let worker = TransferWorker(isManual: true)
  private let connect: () -> Connection?
  private var buffer = FrameBuffer()

  /// - Parameters:
  ///   - nickname: taken for granted.
  ///   - isTyped: a person types; otherwise a pipe has the input.
  ///   - folder: where files are saved.
  ///   - connect: makes the first connection and those after it; where there is none, the client ends.
  /// - Throws: `SystemError` if the system has no descriptor left.
  package init(
    options: ClientOptions, nickname: Nickname, style: Renderer.Style, isTyped: Bool,
    folder: DownloadFolder, connect: @escaping () -> (any Transport)?
  ) throws(SystemError) {
    let make = { connect().map { Connection(over: $0) } }
    self.connect = make
    let renderer = Renderer(style: style) { LocalTime.text(of: $0) }
    let mailbox = try TransferMailbox()
    outgoing = Outgoing(nickname: nickname, isTyped: isTyped)
    let showStatus: (@Sendable (String?) -> Void)? = isTyped ? { @Sendable (_: String?) in } : nil
    let transfers = Transfers(
      options: options, folder: .success(folder), outgoing: outgoing, mailbox: mailbox,
      worker: worker, showStatus: showStatus)
    conversation = Conversation(
      over: Conversation.Route(plan: { ReconnectPolicy(withoutPausesFrom: $0) }, connect: make),
      options: options, outgoing: outgoing, transfers: transfers, mailbox: mailbox,
      display: Display(renderer: renderer), pictures: nil, isTyped: isTyped, nickname: nickname)
    session = Session(
      conversation, outgoing: outgoing, input: LineInput(isTyped: isTyped), mailbox: mailbox,
      isTyped: isTyped,
      renderer: renderer)
  }

  /// Shakes hands, and follows the conversation to its end.
  package func run() -> ClientExit {
    do throws(ClientExit) {
      guard let connection = connect() else { return .unavailable }
      let deadline = MonotonicTime.now + .seconds(15)
      guard case .entered = try conversation.enter(connection, until: deadline) else {
        return .unavailable
      }
      try conversation.run(connection)
    } catch {
      return error
    }
  }

  /// A line of input: typed by the person, or out of the pipe.
  ///
  /// Limit: as much as is on its way at once; a driver that gives more waits for ever.
  package func type(_ line: [UInt8], isTyped: Bool) {
    if isTyped {
      _ = session.type(line)
    } else {
      outgoing.append([.raw(line)])
    }
  }

  /// The end of the input.
  package func endInput() { session.endInput() }

  /// Does what the write thread does: sends what waits, or one frame of a file.
  ///
  /// - Returns: false if there is nothing to send.
  package func write() -> Bool {
    guard let (stream, work) = outgoing.nextIfAny() else { return false }
    session.send(work, to: stream, &buffer)
    return true
  }

  /// Does what the thread does that reads files: one job.
  ///
  /// - Returns: false if none waits.
  package func readFile() -> Bool { worker.doNext() }
}
