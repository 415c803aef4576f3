internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Sends files to one client between the lines of its room, frame by frame, taking turns if there are several.
///
/// It has a thread of its own while there is something to send: so the disk and a slow socket hold up nothing else. The
/// room's lines go first: a frame is sent only when nothing else waits. No file's bytes are in our memory (sendfile(2)).
///
/// Thread: any; `run` is confined to its own thread. Its lock takes no other.
final class FileSender: @unchecked Sendable {
  // Safety: `sending`, `intake` and `nextJudgement` are confined to its thread.

  /// How often it is looked whether the client takes enough.
  private static let judgementInterval: Duration = .milliseconds(500)

  private struct Download {
    let id: String
    let content: OpenContent
    let slot: TransferSlot
    var offset: UInt64
  }

  /// A frame, or the end of a download.
  private struct Frame {
    let id: String
    let line: ServerLine
    /// `nil` for the end.
    let content: OpenContent?
    let offset: UInt64
    let count: Int
  }

  private let peer: Peer
  private struct State {
    var downloads: [Download] = []
    /// Whose turn it is among them.
    var next = 0
    var hasThread = false
    var isStopped = false
  }

  private let state = Guarded(State())

  private var sending: PatientSending
  private var intake: Intake
  private var nextJudgement = MonotonicTime.now

  /// Makes one for a client.
  ///
  /// - Parameters:
  ///   - transport: the client's.
  ///   - patience: how long the client may take nothing.
  init(peer: Peer, transport: any FileTransport, patience: Duration) {
    self.peer = peer
    sending = PatientSending(transport, patience: patience)
    intake = Intake(peer.transport)
  }

  /// Begins a download; one that is on its way starts over.
  ///
  /// - Throws: `Refusal` if there are as many as there may be, or the system has no thread for it.
  func start(
    _ id: String, _ content: OpenContent, _ slot: TransferSlot, from offset: UInt64
  ) throws(Refusal) {
    let download = Download(id: id, content: content, slot: slot, offset: offset)
    try state.withLock { state throws(Refusal) in
      if let index = state.downloads.firstIndex(where: { $0.id == id }) {
        state.downloads[index] = download
      } else {
        guard state.downloads.count < Limits.downloadsAtOnce else {
          throw Refusal(
            .fileRefused, "at most \(Limits.downloadsAtOnce) files can be fetched at once")
        }
        state.downloads.append(download)
      }
    }
    guard !wake() else { return }
    _ = cancel(id)
    throw Refusal(.fileRefused, "the server is too busy to send files")
  }

  /// Ends a download. What has been sent of it has been sent.
  ///
  /// - Returns: whether there was one.
  func cancel(_ id: String) -> Bool {
    // It may be the last that has the file open: that is closed after the lock.
    let download = state.withLock { state in
      state.downloads.firstIndex { $0.id == id }.map { state.downloads.remove(at: $0) }
    }
    return download != nil
  }

  /// Ends all downloads.
  ///
  /// - Returns: which.
  func cancelAll() -> [String] {
    let all = state.withLock { state in
      defer { state.downloads = [] }
      return state.downloads
    }
    return all.map(\.id)
  }

  /// Ends; a frame that is on its way is sent to its end, if the client takes it.
  func stop() {
    state.withLock { $0.isStopped = true }
    _ = cancelAll()
  }

  /// Sees to it that the thread runs.
  ///
  /// - Returns: false if the system has none left.
  private func wake() -> Bool {
    let needsThread = state.withLock { state in
      defer { state.hasThread = true }
      return !state.hasThread
    }
    guard needsThread else { return true }
    do {
      try SystemThread.start(named: "files") { self.run() }
      return true
    } catch {
      state.withLock { $0.hasThread = false }
      return false
    }
  }

  // MARK: Its thread

  private func run() {
    while hasWork {
      switch peer.waitForTurn(for: Self.judgementInterval) {
      case .lent(let turn): send(in: turn)
      case .notYet: judge()
      case .never: return
      }
    }
  }

  private func send(in turn: SendingTurn) {
    var turn = turn
    do throws(SystemError) {
      while let (count, rest) = try sendNext() {
        turn.sentBytes += count
        // Its file may be removed any time now, but the client was promised these bytes.
        if !rest.isEmpty { _ = try sending.send(rest[...], isMoreToCome: false) }
        if MonotonicTime.now >= nextJudgement { judge() }
        if turn.isOver { break }
      }
    } catch {
      // In the middle of a frame no line can follow.
      peer.fail(error.code == SystemError.wouldBlock ? .slowConsumer : .connectionLost)
      stop()
    }
    turn.end()
  }

  /// Looks whether the client takes enough, and ends the downloads that take too long.
  private func judge() {
    nextJudgement = .now + Self.judgementInterval
    let taken = intake.taken()
    let judged = state.withLock { $0.downloads }.map { ($0.id, $0.slot.note(taken).reason) }
    for case (let id, let why?) in judged where cancel(id) {
      let line = ServerLine.error(Refusal(.slowConsumer, why), id: id).encoded()
      switch peer.enqueue(line) {
      case .queued, .absent: break
      // It would wait for the rest for ever.
      case .full: peer.interrupt(.slowConsumer)
      }
    }
  }

  /// Whether there is something to send; the thread ends if not.
  private var hasWork: Bool {
    state.withLock {
      $0.hasThread = !$0.downloads.isEmpty && !$0.isStopped
      return $0.hasThread
    }
  }

  private func nextFrame() -> Frame? {
    state.withLock { state in
      guard !state.downloads.isEmpty else { return nil }
      if state.next >= state.downloads.count { state.next = 0 }
      let download = state.downloads[state.next]
      let offset = download.offset
      let count = Int(min(UInt64(Limits.frameBytes), download.content.sizeBytes - offset))
      guard count > 0 else {
        state.downloads.remove(at: state.next)
        return Frame(
          id: download.id, line: .transfer(.end(id: download.id)), content: nil, offset: offset,
          count: 0)
      }
      state.downloads[state.next].offset += UInt64(count)
      state.next += 1
      return Frame(
        id: download.id,
        line: .transfer(.data(id: download.id, offset: offset, size: UInt64(count))),
        content: download.content, offset: offset, count: count)
    }
  }

  /// Sends the next frame, or the end of a download.
  ///
  /// - Returns: how many bytes it has, and those of them that are still to be sent; `nil` if there is none.
  private func sendNext() throws(SystemError) -> (count: UInt64, rest: [UInt8])? {
    guard let frame = nextFrame() else { return nil }
    let line = frame.line.encoded()
    guard let content = frame.content else { return (UInt64(line.count), line) }
    func isWanted() -> Bool {
      judge()
      return state.withLock { $0.downloads.contains { $0.id == frame.id } }
    }
    let started = try sending.send(line[...], isMoreToCome: true, while: isWanted)
    // Nothing of the frame is on its way, and it is not wanted any more.
    guard started > 0 else { return (0, []) }
    let total = UInt64(line.count + frame.count)
    let sent =
      started < line.count
      ? 0
      : try sending.send(
        content, from: frame.offset, count: UInt64(frame.count), while: isWanted)
    let rest = try content.bytes(from: frame.offset + sent, count: frame.count - Int(sent))
    guard rest.count == frame.count - Int(sent) else {
      throw SystemError("pread", code: SystemError.inputOutput)
    }
    return (total, Array(line[started...]) + rest)
  }
}
