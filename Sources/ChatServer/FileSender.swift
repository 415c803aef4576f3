internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Sends files to one client between the lines of its room: what it fetches frame by frame, in turn if there are
/// several, and what it is pushed in one piece.
///
/// It has a thread of its own while there is something to send: the disk, and a socket that takes its time, hold up
/// nobody else. The talk goes first: a frame is sent only when nothing else waits. No file's bytes are in our memory
/// (sendfile(2)).
///
/// Thread: any; `run` is its own thread's. Its lock takes no other.
final class FileSender: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`, but for `clock` and `takenBytes`, which are the thread's.

  /// How many bytes may wait in the system for the network: lines that come then wait behind them.
  private static let unsentBytes: CInt = 65_536
  /// How often it is looked whether a client that takes nothing is to be given up.
  private static let checkInterval: Duration = .seconds(1)

  private struct Download {
    let id: String
    let content: OpenContent
    var offset: UInt64
  }

  /// A frame, or the end of a download.
  private struct Frame {
    let line: ServerLine
    let content: OpenContent
    let offset: UInt64
    let count: Int
  }

  private unowned let peer: Peer
  private let patience: Duration

  private let lock = Lock()
  private var downloads: [Download] = []
  /// Whose turn it is among them.
  private var next = 0
  private var hasThread = false
  private var isStopped = false
  /// There may be files to push.
  private var mayPush = false

  private var clock = StallClock()
  private var takenBytes: UInt64 = 0

  /// Makes one for a client.
  ///
  /// - Parameter patience: how long the client may take nothing.
  init(peer: Peer, patience: Duration) {
    self.peer = peer
    self.patience = patience
  }

  /// Begins a download, anew if it is on its way.
  ///
  /// - Throws: `Refusal` if there are as many as there may be, or the system has no thread for it.
  func start(_ id: String, _ content: OpenContent, from offset: UInt64) throws(Refusal) {
    let download = Download(id: id, content: content, offset: offset)
    try lock.withLock { () throws(Refusal) in
      if let index = downloads.firstIndex(where: { $0.id == id }) {
        downloads[index] = download
      } else {
        guard downloads.count < Limits.downloadsAtOnce else {
          throw Refusal(
            .fileRefused, "at most \(Limits.downloadsAtOnce) files can be fetched at once")
        }
        downloads.append(download)
      }
    }
    guard !wake() else { return }
    _ = cancel(id)
    throw Refusal(.fileRefused, "the server is too busy to send files")
  }

  /// There is a file to push.
  func startPushing() {
    lock.withLock { mayPush = true }
    if !wake() { peer.dropPushedFiles() }
  }

  /// Ends a download. What has been sent of it has been sent.
  ///
  /// - Returns: whether there was one.
  func cancel(_ id: String) -> Bool {
    // It may be the last that has the file open: that is closed after the lock.
    let download = lock.withLock {
      downloads.firstIndex { $0.id == id }.map { downloads.remove(at: $0) }
    }
    return download != nil
  }

  /// Ends all downloads.
  ///
  /// - Returns: which.
  func cancelAll() -> [String] {
    let all = lock.withLock {
      defer { downloads = [] }
      return downloads
    }
    return all.map(\.id)
  }

  /// Ends; a frame that is on its way is sent to its end, if the client takes it.
  func stop() {
    lock.withLock { isStopped = true }
    _ = cancelAll()
  }

  /// Sees to it that the thread runs.
  ///
  /// - Returns: false if the system has none left.
  private func wake() -> Bool {
    let needsThread = lock.withLock {
      defer { hasThread = true }
      return !hasThread
    }
    guard needsThread else { return true }
    peer.stream.keepUnsentBytes(below: Self.unsentBytes, patience: Self.checkInterval)
    do {
      // The thread keeps the client's socket, and what it is owed, as long as it runs.
      try SystemThread.start(named: "files") { [peer] in self.run(peer) }
      return true
    } catch {
      lock.withLock { hasThread = false }
      return false
    }
  }

  // MARK: Its thread

  private func run(_ peer: Peer) {
    while hasWork(peer), var turn = peer.waitForTurn() {
      do throws(SystemError) {
        if let file = peer.nextPushedFile {
          turn.sentBytes += try push(file)
          peer.sentFile(file)
        } else {
          while let frame = nextFrame() {
            turn.sentBytes += try send(frame)
            if turn.isOver { break }
          }
        }
        turn.end()
      } catch {
        // In the middle of a frame no line can follow.
        peer.fail(error.code == SystemError.wouldBlock ? .slowConsumer : .connectionLost)
        turn.end()
        stop()
      }
    }
  }

  /// - Returns: false if there is nothing to send; the thread ends then.
  private func hasWork(_ peer: Peer) -> Bool {
    let isPushing = peer.hasPushedFiles
    return lock.withLock {
      // What was put there since then has been told.
      let isWanted = !downloads.isEmpty || isPushing || mayPush
      mayPush = false
      hasThread = isWanted && !isStopped
      return hasThread
    }
  }

  private func nextFrame() -> Frame? {
    lock.withLock {
      guard !downloads.isEmpty else { return nil }
      if next >= downloads.count { next = 0 }
      let download = downloads[next]
      let offset = download.offset
      let count = Int(min(UInt64(Limits.frameBytes), download.content.sizeBytes - offset))
      guard count > 0 else {
        downloads.remove(at: next)
        return Frame(
          line: .fileEnd(id: download.id), content: download.content, offset: offset, count: 0)
      }
      downloads[next].offset += UInt64(count)
      next += 1
      return Frame(
        line: .data(id: download.id, offset: offset, size: UInt64(count)),
        content: download.content, offset: offset, count: count)
    }
  }

  /// - Returns: how many bytes it was.
  private func send(_ frame: Frame) throws(SystemError) -> UInt64 {
    let line = frame.line.encoded()
    try send(line, isMoreToCome: frame.count > 0)
    try send(frame.content, from: frame.offset, count: frame.count)
    return UInt64(line.count + frame.count)
  }

  /// - Returns: how many bytes it was.
  private func push(_ file: PushedFile) throws(SystemError) -> UInt64 {
    let size = Int(file.content.sizeBytes)
    try send(file.header, isMoreToCome: true)
    try send(file.content, from: 0, count: size)
    try send(PushedFile.terminator, isMoreToCome: false)
    return UInt64(file.header.count + size + PushedFile.terminator.count)
  }

  private func send(_ bytes: [UInt8], isMoreToCome: Bool) throws(SystemError) {
    try insist(bytes.count) { sent throws(SystemError) in
      try peer.stream.sendPatiently(bytes[sent...], isMoreToCome: isMoreToCome)
    }
  }

  private func send(
    _ content: OpenContent, from offset: UInt64, count: Int
  ) throws(SystemError) {
    try insist(count) { sent throws(SystemError) in
      try peer.stream.sendFile(
        content.descriptorNumber, from: offset + UInt64(sent), count: count - sent)
    }
  }

  /// Sends so many bytes, as long as the client takes some.
  ///
  /// - Throws: `SystemError`, EAGAIN where it has taken nothing for too long.
  private func insist(
    _ count: Int, _ send: (_ sent: Int) throws(SystemError) -> Int?
  ) throws(SystemError) {
    var sent = 0
    while sent < count {
      let part = try send(sent) ?? 0
      sent += part
      takenBytes += UInt64(part)
      guard sent < count else { return clock.reset() }
      let waiting = UInt64(peer.stream.unacknowledgedBytes)
      let delivered = takenBytes > waiting ? takenBytes - waiting : 0
      guard clock.stalledFor(at: delivered, step: 1, now: .now) < patience else {
        throw SystemError("sendfile", code: SystemError.wouldBlock)
      }
    }
  }
}
