internal import ChatCore
internal import ChatSystem

/// The client of one session: who it is, which room it is in, what it may still spend, and how it is answered.
///
/// This is all that commands know of their session.
///
/// Thread: its session's.
final class ConnectedClient {
  /// An answer costs a token for each so many bytes: a list of thousands is not a single line.
  private static let answerBytesPerToken = 8_192

  let peer: Peer
  let server: ServerContext

  /// `nil` before it is registered.
  private(set) var nickname: Nickname?
  /// The room it is in; `nil` before the first, and if it could not get from one into another.
  var room: Room?
  /// It has left its room, which is still sending what was said before.
  var isLeavingRoom = false
  /// What proves by HTTP that a request is this client's; `nil` if it was told none.
  var token: String?
  /// Why the session is to end; `nil` while it goes on.
  private(set) var closeReason: CloseReason?

  /// What it said that its room has not received yet. The session lends the space while it serves a read.
  var batch = LineBatch()
  /// `alice: `, as it stands before everything she says.
  private var prefix: [UInt8] = []
  private var budget: ClientBudget
  private let handshakeDeadline: MonotonicTime

  init(peer: Peer, server: ServerContext) {
    self.peer = peer
    self.server = server
    let now = MonotonicTime.now
    budget = ClientBudget(rate: server.options.rate, now: now)
    handshakeDeadline = now + .seconds(server.options.handshakeTimeoutSeconds)
  }

  /// When it has to be registered; `nil` once it is.
  var registrationDeadline: MonotonicTime? { nickname == nil ? handshakeDeadline : nil }

  /// It bears this nickname from now on.
  func setNickname(_ nickname: Nickname) {
    self.nickname = nickname
    prefix = Array("\(nickname.text): ".utf8)
  }

  // MARK: The end

  /// Has the session end after the present line.
  func end(_ reason: CloseReason) { closeReason = reason }

  /// Takes over the reason for which another thread has interrupted the session, if one has.
  func noteInterruption() { closeReason = peer.interruptionReason ?? closeReason }

  /// Whether an answer still has a reader.
  var isWanted: Bool {
    closeReason =
      closeReason ?? peer.interruptionReason ?? (peer.transport.isBroken ? .connectionLost : nil)
    return closeReason == nil
  }

  /// Waits, less if the session is to end.
  func wait(for duration: Duration) {
    peer.wait(for: duration)
    noteInterruption()
  }

  // MARK: What it may spend

  /// A chunk of input begins.
  func beginChunk() { budget.beginChunk() }

  /// Takes the tokens of a line.
  func spend(forLine line: Span<UInt8>) { spend(budget.tokens(forLine: line)) }

  /// Takes the tokens that a chunk costs besides its lines.
  func spend(forChunkOf bytes: Int) { spend(budget.tokens(forChunkOf: bytes)) }

  /// Bytes of the present chunk belong to a file.
  func noteFileBytes(_ count: Int) { budget.noteFileBytes(count) }

  /// The work on an answer begins: `charge` counts from here.
  func beginWork() { budget.beginWork(at: ThreadTime.nanoseconds) }

  /// Takes tokens for the work on an answer so far.
  ///
  /// - Returns: whether the rest still has a reader.
  func charge() -> Bool {
    spend(budget.workTokens(at: ThreadTime.nanoseconds))
    return isWanted
  }

  /// Takes tokens. A client that sends faster than it may waits here, and TCP holds it back.
  func spend(_ tokens: Int) {
    guard tokens > 0, closeReason == nil else { return }
    let wait = budget.take(tokens, now: .now)
    guard wait > .zero else { return }
    flush()
    if let deadline = registrationDeadline {
      let left = deadline - .now
      peer.wait(for: min(wait, left))
      if wait >= left { end(.handshakeTimeout) }
    } else {
      peer.wait(for: wait)
    }
    noteInterruption()
  }

  // MARK: What it says

  /// Says a line to its room, together with others of the same read.
  func say(_ text: Span<UInt8>) throws(Refusal) {
    try RoomLine.appendSaid(prefix: prefix, text: text, to: &batch.bytes)
    batch.lineCount += 1
    if batch.bytes.count >= WorkBuffers.batchBytes { flush() }
  }

  /// Gives the room what was said.
  func flush() {
    guard batch.lineCount > 0, let room else { return }
    if !room.say(batch.bytes, lines: batch.lineCount) { end(.shuttingDown) }
    batch.removeAll()
  }

  // MARK: What it is sent

  /// Answers after everything that the room has said. If the client does not read, its own thread waits.
  func answer(_ lines: [ServerLine]) {
    flush()
    for line in lines {
      let bytes = line.encoded()
      if bytes.count >= Self.answerBytesPerToken / 2 { spend(1) }
      enqueue(bytes.count) { peer.enqueue(bytes) }
    }
  }

  /// Answers with an `[ERROR]` line.
  ///
  /// - Parameter file: the id of the file that was asked about, so that the client knows which.
  func refuse(_ refusal: Refusal, about file: String? = nil) {
    server.log.debug("\(nickname?.text ?? "?"): \(refusal.code.rawValue)")
    server.metrics.noteRefusal(refusal.code)
    answer([file.map { .error(refusal, id: $0) } ?? .error(refusal)])
  }

  /// Puts lines in where the room's stream is paused, as soon as the outbox has space.
  func splice(_ bytes: [UInt8]) {
    enqueue(bytes.count, toSplice: true) { peer.splice(bytes) }
  }

  /// Enqueues as soon as the outbox has space; ends the session if it never has.
  func enqueue(_ count: Int, toSplice: Bool = false, _ attempt: () -> Outbox.Enqueueing) {
    while closeReason == nil {
      switch attempt() {
      case .queued: return
      case .absent: end(peer.interruptionReason ?? .connectionLost)
      case .full:
        guard !peer.waitForSpace(for: count, toSplice: toSplice) else { continue }
        end(peer.interruptionReason ?? .slowConsumer)
      }
    }
  }

  /// Sends lines before it is in a room. They are few and short: a client whose socket has no space for them is lost.
  func sendNow(_ lines: [ServerLine]) {
    for line in lines {
      let bytes = line.encoded()
      let sent = try? bytes.span.withUnsafeBytes { try peer.transport.send($0) }
      if sent?.count != bytes.count || sent?.blockedOn != nil { end(.connectionLost) }
    }
  }
}
