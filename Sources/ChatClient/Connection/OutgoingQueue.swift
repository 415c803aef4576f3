internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// Everything that is to be sent, shared by the threads: the input thread fills the queue of lines, the write thread
/// empties it into the present connection, the receive thread notes what the server has acknowledged.
///
/// Thread: any; each operation names the one that uses it. No lock is held while bytes are sent.
final class OutgoingQueue: Sendable {
  /// Limit: no more bytes of answers to the server's own questions wait.
  private static let mostReplyBytes = 65_536

  private struct State {
    var queue: SendQueue
    /// Short answers to the server, which go before the queue.
    var replies: [UInt8] = []
    var isInputWaiting = false
    /// Where to send; `nil` while the connection is lost, and until the gap is closed.
    var stream: (any ClientTransport)?
    /// The connection was lost, and there is no other yet; false before the first.
    var isAway = false
    /// The client ends.
    var isClosed = false
  }

  private let state: Guarded<State>

  /// - Parameter isTyped: whether a person is there, who reads what is refused.
  init(nickname: Nickname, isTyped: Bool) {
    state = Guarded(State(queue: SendQueue(nickname: nickname, isTyped: isTyped)))
  }

  // MARK: Input

  /// Adds lines, waiting while too much is on its way.
  ///
  /// Thread: input.
  func append(_ lines: [OutgoingLine]) {
    var rest = lines[...]
    while !rest.isEmpty {
      state.wait { state in
        guard !state.queue.isFull || state.isClosed else {
          state.isInputWaiting = true
          // The write thread has to make room.
          self.state.wake()
          return nil as Void?
        }
        while !state.queue.isFull || state.isClosed, let line = rest.popFirst() {
          state.queue.append(line)
        }
        return ()
      }
      state.wake()
    }
  }

  /// Notes that input, or a transfer, is lost for good: the client does not exit with success.
  ///
  /// Thread: any.
  func noteLoss() { state.withLock { $0.queue.noteLoss() } }

  /// Ends the input: the client leaves once everything has come back, or at once.
  ///
  /// Thread: input.
  /// - Returns: false if there is no connection now.
  func end(atOnce: Bool) -> Bool {
    let isAway = state.withLock { state in
      if atOnce { state.queue.leave() } else { state.queue.end() }
      return state.isAway
    }
    state.wake()
    return !isAway
  }

  /// Ends the write thread.
  ///
  /// Thread: any.
  func close() {
    state.withLock { $0.isClosed = true }
    state.wake()
  }

  // MARK: The write thread

  /// Waits for something to send, and for a connection to send it to; `nil` when the client ends.
  ///
  /// Thread: write.
  func next() -> (stream: any ClientTransport, lines: [UInt8])? {
    state.wait { state -> (stream: any ClientTransport, lines: [UInt8])?? in
      if state.isClosed { return .some(nil) }
      return self.take(from: &state).map { .some($0) }
    }
  }

  /// The same without waiting; `nil` if there is nothing to send now, or no connection.
  ///
  /// Thread: write.
  func nextIfAny() -> (stream: any ClientTransport, lines: [UInt8])? {
    state.withLock { self.take(from: &$0) }
  }

  private func take(from state: inout State) -> (stream: any ClientTransport, lines: [UInt8])? {
    guard let stream = state.stream else { return nil }
    let bytes = state.replies + state.queue.take()
    state.replies = []
    wakeInput(&state)
    return bytes.isEmpty ? nil : (stream, bytes)
  }

  // MARK: The receive thread

  /// Whether no more input comes: the end of the session is wanted.
  var isEnding: Bool { state.withLock { $0.queue.hasEnded || $0.queue.isLeaving } }

  /// Whether something was sent that has to be answered.
  var isWaiting: Bool { state.withLock { $0.queue.isWaiting } }

  /// Whether the wish to leave has been sent.
  var isLeaving: Bool { state.withLock { $0.queue.isLeaving } }

  /// Whether the wish to leave has been sent, and nothing would be lost with the client.
  var hasLeft: Bool {
    state.withLock { $0.queue.isLeaving && $0.queue.unconfirmed.isEmpty }
  }

  /// Whether a move was refused, and nothing more is sent.
  var isStopped: Bool { state.withLock { $0.queue.isStopped } }

  /// Whether something was lost for good.
  var hasLost: Bool { state.withLock { $0.queue.hasLost } }

  /// What is not known to have arrived.
  var unconfirmed: SendQueue.Unconfirmed { state.withLock { $0.queue.unconfirmed } }

  /// How the client ends without the server, with an error if that is no success.
  ///
  /// Thread: any.
  /// - Parameters:
  ///   - wantsToLeave: a person does, and loses no more than what had not arrived.
  ///   - output: where the error is displayed.
  func exitWithoutServer(
    wantsToLeave: Bool = true, _ output: any ClientOutput
  ) -> ClientExit {
    let (unconfirmed, hasLost) = state.withLock { ($0.queue.unconfirmed, $0.queue.hasLost) }
    if wantsToLeave, unconfirmed.isEmpty { return hasLost ? .lost : .left }
    output.complain(unconfirmed.text(after: "the connection is lost"))
    return .lost
  }

  /// Sends to this connection from now on: first what has to be sent again, then what was not sent.
  ///
  /// Thread: receive.
  /// - Parameters:
  ///   - isElsewhere: the room that lines were meant for is gone.
  ///   - isUnsure: it is not known which of the lines that were sent have arrived.
  /// - Returns: what is not sent again.
  func attach(_ stream: any ClientTransport, isElsewhere: Bool, isUnsure: Bool) -> SendQueue.Dropped
  {
    defer { state.wake() }
    return state.withLock { state in
      state.stream = stream
      state.isAway = false
      return state.queue.resume(isElsewhere: isElsewhere, isUnsure: isUnsure)
    }
  }

  /// Notes that the connection is lost.
  ///
  /// Thread: receive.
  func detach() {
    let lost = state.withLock { state in
      defer { state.stream = nil }
      state.isAway = true
      state.queue.lost()
      state.replies = []
      return state.stream
    }
    // Wakes the write thread if it waits for this connection.
    lost?.shutdownBoth()
  }

  /// Sends a short line without waiting.
  ///
  /// Thread: receive.
  func reply(_ line: TaggedLine) {
    state.withLock { state in
      if state.replies.count < Self.mostReplyBytes {
        state.replies.append(contentsOf: line.encoded())
      }
    }
    state.wake()
  }

  /// Notes what has come back.
  ///
  /// Thread: receive.
  func note<Result: Sendable>(_ body: (inout SendQueue) -> Result) -> Result {
    state.withLock { state in
      defer { self.wakeInput(&state) }
      return body(&state.queue)
    }
  }

  /// Notes an answer, after which more may be sent.
  ///
  /// Thread: receive.
  func noteAnswer<Result: Sendable>(_ body: (inout SendQueue) -> Result) -> Result {
    defer { state.wake() }
    return note(body)
  }

  /// Wakes the input thread if it waits: once for many lines that have gone.
  private func wakeInput(_ state: inout State) {
    guard state.isInputWaiting, state.queue.isHalfEmpty else { return }
    state.isInputWaiting = false
    self.state.wake()
  }

  // MARK: Files

  /// Asks for the list of files, after the lines that wait.
  ///
  /// Thread: receive.
  /// - Parameter file: the id of the one that is wanted; empty for all.
  func look(for file: String) {
    state.withLock { state in
      state.queue.append(.lookup(TaggedLine("FILES", file).encoded().dropLast()))
    }
    state.wake()
  }

  /// Keeps the client from leaving after the last line, while files are transferred.
  ///
  /// Thread: receive.
  func hold(_ isHeld: Bool) {
    state.withLock { $0.queue.isHeld = isHeld }
    if !isHeld { state.wake() }
  }

  /// Whether files are transferred.
  ///
  /// Thread: any.
  var isHeld: Bool { state.withLock { $0.queue.isHeld } }
}
