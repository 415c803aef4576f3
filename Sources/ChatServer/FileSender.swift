internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Sends files to one client, frame by frame, between the lines of its room: in turn if there are several.
///
/// It has a thread of its own as long as the client is here, once the client has asked for a file: the disk, and
/// a socket that takes its time, hold up nobody else. The talk goes first: a frame is sent only when nothing else
/// waits. No file's bytes are in our memory (sendfile(2)).
///
/// Thread: any; `run` is its own thread's.
final class FileSender: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  /// How many bytes may wait in the system for the network: lines that come then wait behind them.
  private static let unsentBytes: CInt = 131_072

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

  private let peer: Peer
  private let patience: Duration

  private let lock = Lock()
  private let changed = Condition()
  private var downloads: [Download] = []
  /// Whose turn it is among them.
  private var next = 0
  private var hasThread = false
  private var isStopped = false

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
    let needsThread = try lock.withLock { () throws(Refusal) in
      let download = Download(id: id, content: content, offset: offset)
      if let index = downloads.firstIndex(where: { $0.id == id }) {
        downloads[index] = download
      } else {
        guard downloads.count < Limits.downloadsAtOnce else {
          throw Refusal(
            .fileRefused, "at most \(Limits.downloadsAtOnce) files can be fetched at once")
        }
        downloads.append(download)
      }
      changed.broadcast()
      defer { hasThread = true }
      return !hasThread
    }
    guard needsThread else { return }
    peer.stream.keepUnsentBytes(below: Self.unsentBytes, patience: patience)
    do { try SystemThread.start(named: "files") { self.run() } } catch {
      lock.withLock {
        downloads = []
        hasThread = false
      }
      throw Refusal(.fileRefused, "the server is too busy to send files")
    }
  }

  /// Ends a download. What has been sent of it has been sent.
  ///
  /// - Returns: whether there was one.
  func cancel(_ id: String) -> Bool {
    lock.withLock {
      guard let index = downloads.firstIndex(where: { $0.id == id }) else { return false }
      downloads.remove(at: index)
      return true
    }
  }

  /// Ends all downloads.
  ///
  /// - Returns: which.
  func cancelAll() -> [String] {
    lock.withLock {
      defer { downloads = [] }
      return downloads.map(\.id)
    }
  }

  /// Ends; a frame that is on its way is sent to its end, if the client takes it.
  func stop() {
    peer.endTurns()
    lock.withLock {
      isStopped = true
      downloads = []
      changed.broadcast()
    }
  }

  // MARK: Its thread

  private func run() {
    while waitForWork(), var turn = peer.waitForTurn() {
      do throws(SystemError) {
        while let frame = nextFrame() {
          turn.sentBytes += try send(frame)
          if turn.isOver { break }
        }
        turn.end()
      } catch {
        // In the middle of a frame no line can follow.
        peer.stream.shutdownBoth()
        peer.interrupt(error.code == SystemError.wouldBlock ? .slowConsumer : .connectionLost)
        turn.end()
        stop()
      }
    }
  }

  /// - Returns: false if there will be none.
  private func waitForWork() -> Bool {
    lock.withLock {
      while downloads.isEmpty, !isStopped { changed.wait(lock) }
      return !isStopped
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
    if frame.count == 0 {
      try peer.stream.sendAll(line)
    } else {
      try peer.stream.sendAllAndMore(line)
      try peer.stream.sendFile(
        frame.content.descriptorNumber, from: frame.offset, count: frame.count)
    }
    return UInt64(line.count + frame.count)
  }
}
