internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The queue of lines to send, shared by the threads: input fills it, the write thread empties it into
/// the connection there is, the receive thread tells what has come back. Files are sent a frame at a time while no
/// line waits.
///
/// Thread: any; each operation says whose it is. No lock is held while bytes are sent.
final class Outgoing: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// A server that asks without end is answered no more than this.
  private static let mostReplyBytes = 65_536

  private let lock = Lock()
  private let workArrived = Condition()
  private let spaceFreed = Condition()
  private var queue: SendQueue
  /// Short answers to the server, which go before the queue.
  private var replies: [UInt8] = []
  /// What the transfers of files ask for, which goes before the queue, too: they bound it themselves.
  private var requests: [UInt8] = []
  private var frames = FrameSchedule<PreparedFile>()
  private var isInputWaiting = false
  /// Where to send; `nil` while the connection is lost, and until what was missed has come.
  private var stream: (any Transport)?
  /// The connection was lost, and another is not there; false before the first, which is on its way.
  private var isAway = false

  /// - Parameter isTyped: whether a person is there, who reads what is refused.
  init(nickname: Nickname, isTyped: Bool) {
    queue = SendQueue(nickname: nickname, isTyped: isTyped)
  }

  // MARK: Input

  /// Adds lines, waiting while too much is on its way.
  ///
  /// Thread: input.
  func append(_ lines: [SendQueue.Line]) {
    lock.withLock {
      for line in lines {
        while queue.isFull {
          workArrived.broadcast()
          isInputWaiting = true
          spaceFreed.wait(lock)
        }
        queue.append(line)
      }
      workArrived.broadcast()
    }
  }

  /// Something of the input is lost: that is no success.
  ///
  /// Thread: any.
  func noteLoss() { lock.withLock { queue.noteLoss() } }

  /// There are no more lines: we leave, when all have come back or as soon as they are sent.
  ///
  /// Thread: input.
  /// - Returns: false if there is no connection now.
  func end(atOnce: Bool) -> Bool {
    lock.withLock {
      if atOnce { queue.leave() } else { queue.end() }
      workArrived.broadcast()
      return !isAway
    }
  }

  // MARK: The write thread

  /// What is to be sent.
  enum Work {
    case lines([UInt8])
    case frame(UploadFrame<PreparedFile>)
  }

  /// Waits for something to send, and for a connection to send it to.
  ///
  /// Thread: write.
  func next() -> (stream: any Transport, work: Work) {
    lock.withLock {
      while true {
        if let next = take() { return next }
        workArrived.wait(lock)
      }
    }
  }

  /// The same without waiting; `nil` if there is nothing to send now, or no connection.
  ///
  /// Thread: write.
  func nextIfAny() -> (stream: any Transport, work: Work)? { lock.withLock { take() } }

  /// Thread: whoever holds `lock`.
  private func take() -> (stream: any Transport, work: Work)? {
    guard let stream else { return nil }
    let bytes = replies + requests + queue.take()
    replies = []
    requests = []
    wakeInput()
    if !bytes.isEmpty { return (stream, .lines(bytes)) }
    return frames.next().map { (stream, .frame($0)) }
  }

  // MARK: The receive thread

  /// Whether no more input comes: the end of the conversation is wanted.
  var isEnding: Bool { lock.withLock { queue.hasEnded || queue.isLeaving } }

  /// Whether something was sent that has to be answered.
  var isWaiting: Bool { lock.withLock { queue.isWaiting } }

  /// Whether the wish to leave has been sent.
  var isLeaving: Bool { lock.withLock { queue.isLeaving } }

  /// Whether the wish to leave has been sent, and nothing would be lost with us.
  var hasLeft: Bool { lock.withLock { queue.isLeaving && queue.unconfirmed.isEmpty } }

  /// Whether a move was refused, and nothing more is sent.
  var isStopped: Bool { lock.withLock { queue.isStopped } }

  /// Whether something was lost for good.
  var hasLost: Bool { lock.withLock { queue.hasLost } }

  /// How it ends without the server, which is told of if it is no success.
  ///
  /// Thread: any.
  /// - Parameter wantsToLeave: a person does, and loses no more than what had not arrived.
  func exitWithoutServer(wantsToLeave: Bool = true) -> ClientExit {
    let (unconfirmed, hasLost) = lock.withLock { (queue.unconfirmed, queue.hasLost) }
    if wantsToLeave, unconfirmed.isEmpty { return hasLost ? .lost : .left }
    complain("the connection is lost")
    return .lost
  }

  /// Says why it ends, and what is lost with it.
  ///
  /// Thread: any.
  func complain(_ reason: String) {
    let lost = lock.withLock { queue.unconfirmed }
    let parts = [
      Self.count(lost.lines, "line"), Self.count(lost.messages, "private message"),
      Self.count(lost.requests, "request"),
    ]
    let losses = parts.compactMap(\.self).joined(separator: ", ")
    Screen.complain(losses.isEmpty ? reason : "\(reason); not known to have arrived: \(losses)")
  }

  /// `1 line`, `2 lines`; `nil` if there is none.
  private static func count(_ count: Int, _ noun: String) -> String? {
    count == 0 ? nil : "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// Sends to this connection from now on: what was not sent, and first what has to be sent again.
  ///
  /// Thread: receive.
  /// - Parameters:
  ///   - isElsewhere: the room that lines were meant for is gone.
  ///   - isUnsure: nobody knows which of those that were sent have arrived.
  /// - Returns: what is not sent again.
  func attach(_ stream: any Transport, isElsewhere: Bool, isUnsure: Bool) -> SendQueue.Dropped {
    lock.withLock {
      self.stream = stream
      isAway = false
      defer { workArrived.broadcast() }
      return queue.resume(isElsewhere: isElsewhere, isUnsure: isUnsure)
    }
  }

  /// The connection is lost.
  ///
  /// Thread: receive.
  func detach() {
    let lost = lock.withLock {
      defer { stream = nil }
      isAway = true
      queue.lost()
      replies = []
      requests = []
      frames.removeAll()
      return stream
    }
    // Wakes the write thread if it waits for this connection.
    lost?.shutdownBoth()
  }

  /// Sends a short line without waiting.
  ///
  /// Thread: receive.
  func reply(_ line: TaggedLine) {
    lock.withLock {
      if replies.count < Self.mostReplyBytes { replies.append(contentsOf: line.encoded()) }
      workArrived.broadcast()
    }
  }

  // MARK: Files

  /// Sends a line that a transfer needs, without waiting.
  ///
  /// Thread: receive.
  func request(_ line: TaggedLine) {
    lock.withLock {
      requests.append(contentsOf: line.encoded())
      workArrived.broadcast()
    }
  }

  /// Asks which files there are, after the lines that wait.
  ///
  /// Thread: receive.
  func look(for file: String) {
    lock.withLock {
      queue.append(.lookup(TaggedLine("FILES", file).encoded().dropLast()))
      workArrived.broadcast()
    }
  }

  /// Sends a file from there on.
  ///
  /// Thread: receive.
  func send(_ file: PreparedFile, token: String, from offset: UInt64) {
    lock.withLock {
      frames.add(file, size: file.size, token: token, from: offset)
      workArrived.broadcast()
    }
  }

  /// Sends no more of a file.
  ///
  /// Thread: any.
  func stopSending(_ token: String) { lock.withLock { frames.remove(token) } }

  /// How much of a file has been sent; `nil` if all of it has.
  ///
  /// Thread: receive.
  func sentBytes(of token: String) -> UInt64? { lock.withLock { frames.offset(of: token) } }

  /// While files come or go we don't leave after the last line.
  ///
  /// Thread: receive.
  func hold(_ isHeld: Bool) {
    lock.withLock {
      queue.isHeld = isHeld
      if !isHeld { workArrived.broadcast() }
    }
  }

  /// Whether files come or go.
  ///
  /// Thread: any.
  var isHeld: Bool { lock.withLock { queue.isHeld } }

  /// Whether something changes where we are, and is not answered.
  ///
  /// Thread: receive.
  var isMoving: Bool { lock.withLock { queue.isBarred } }

  /// Notes what has come back.
  ///
  /// Thread: receive.
  func note<Result>(_ body: (inout SendQueue) -> Result) -> Result {
    lock.withLock {
      defer { wakeInput() }
      return body(&queue)
    }
  }

  /// Wakes the input thread if it waits: not for every line that has gone, but for many.
  ///
  /// Thread: whoever holds `lock`.
  private func wakeInput() {
    guard isInputWaiting, queue.isHalfEmpty else { return }
    isInputWaiting = false
    spaceFreed.broadcast()
  }

  /// Notes an answer, after which more may be sent.
  ///
  /// Thread: receive.
  func noteAnswer<Result>(_ body: (inout SendQueue) -> Result) -> Result {
    defer { lock.withLock { workArrived.broadcast() } }
    return note(body)
  }
}
