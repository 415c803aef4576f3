internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The uploads that run, and the files that wait for their turn.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class UploadQueue {
  /// Limit: of the files that wait.
  private static let mostWaiting = 10_000
  /// Limit: of the ended uploads of which the server may still say something.
  private static let mostEnded = 64

  private let outlet: TransferOutlet
  private let worker: FileWorker
  private let mailbox: TransferMailbox
  private let clock: ClientClock

  private var running: [ActiveUpload] = []
  private var waiting = Fifo<FilePath>()
  private var ended = RecentFiles<Bool>(limit: mostEnded)
  private var count = 0
  private var isStarting = false
  /// The largest file that the server takes; 0 if it takes none.
  var mostBytes: UInt64 = 0

  init(
    outlet: TransferOutlet, worker: FileWorker, mailbox: TransferMailbox, clock: ClientClock
  ) {
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
    self.clock = clock
  }

  /// Whether any runs or waits.
  var isBusy: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { running.contains(where: \.isWaiting) }

  /// Whether the server knows of any, and has not got it.
  var isUnderWay: Bool { running.contains(where: \.isUnderWay) }

  /// How much has been sent of those that run, all added up.
  var sentBytes: UInt64 { running.reduce(0) { $0 &+ $1.sentBytes } }

  /// How far they are.
  func progress(at now: Moment) -> [TransferProgress] {
    running.filter { $0.state.phase == .sending }.map { $0.progress(at: now) }
  }

  // MARK: Beginning and ending

  /// Sends files, as soon as it is their turn.
  func send(_ paths: [FilePath]) {
    for path in paths {
      guard waiting.count < Self.mostWaiting else {
        outlet.fail(path.text, "too many files are waiting", hasBegun: false)
        continue
      }
      waiting.append(path)
    }
    startNext()
  }

  /// What is started may end at once: that starts no other, this loop does.
  private func startNext() {
    guard !isStarting else { return }
    isStarting = true
    defer { isStarting = false }
    while running.count < Limits.uploadsAtOnce, let path = waiting.popFirst() { start(path) }
  }

  private func start(_ path: FilePath) {
    guard mostBytes > 0 else {
      return outlet.fail(path.text, "the server takes no files", hasBegun: false)
    }
    count += 1
    let upload = ActiveUpload(number: count, path: path, outlet: outlet, clock: clock) {
      [unowned self] in
      ended($0)
    }
    running.append(upload)
    upload.prepare(limit: mostBytes, worker: worker, mailbox: mailbox)
  }

  /// An upload has ended: the next has its turn.
  private func ended(_ upload: ActiveUpload) {
    running.removeAll { $0 === upload }
    ended[upload.token] = true
    startNext()
  }

  /// Ends an upload because a person wants it, or all of them.
  ///
  /// - Parameter choice: its name.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let isMeant = { (path: FilePath) in
      choice == nil || path.text == choice || (try? FileName(path.decoded))?.text == choice
    }
    let dropped = waiting.removeAll(where: isMeant)
    outlet.report(dropped: dropped.map(\.text), "sent")
    var hasFound = !dropped.isEmpty
    for upload in running where upload.token == choice || isMeant(upload.path) {
      hasFound = true
      if upload.state.phase != .preparing { outlet.cancel(upload.token) }
      outlet.report(.remark("\(upload.name) is not sent"))
      upload.end()
    }
    return hasFound
  }

  /// The client leaves: nothing is sent any more.
  func giveUp() {
    outlet.report(dropped: running.map(\.name) + waiting.elements.map(\.text), "sent")
    waiting.removeAll()
    for upload in running { upload.end() }
  }

  /// Ends all, because of what happened to the client.
  func endAll(_ reason: String) {
    for path in waiting.removeAll(where: { _ in true }) { outlet.fail(path.text, reason) }
    for upload in running { upload.fail(reason) }
  }

  /// Ends those that wait for the server, which does nothing.
  func endWaiting(_ reason: String) {
    for upload in running where upload.isUnderWay { upload.fail(reason, tellsServer: true) }
  }

  // MARK: What other threads say

  /// The worker has opened and hashed a file.
  func prepared(_ number: Int, _ result: Result<PreparedFile, UploadFailure>) {
    running.first { $0.number == number }?.prepared(result)
  }

  /// The write thread can't read a file any more.
  func unreadable(_ token: String, _ reason: String) {
    running.first { $0.token == token }?.fail(reason, tellsServer: true)
  }

  // MARK: What the server says

  /// The server says from where it wants a file.
  func started(_ token: String, offset: UInt64) {
    running.first { $0.token == token }?.perform { $0.start(offset: offset) }
  }

  /// A file of the client's own is offered to the room.
  ///
  /// - Returns: what it is called, if it is one of these.
  func arrived(_ offer: SharedFile) -> String? {
    let same = running.filter {
      $0.file?.digest == offer.digest && $0.file?.size == offer.sizeBytes
        && $0.state.phase != .preparing
    }
    let upload = same.first { $0.file?.name.text == offer.name } ?? same.first
    guard let upload else { return nil }
    outlet.report(.sent(id: offer.id, name: upload.name, size: offer.sizeBytes))
    upload.end()
    return upload.name
  }

  /// The server refuses.
  ///
  /// - Returns: whether that is, or was, about an upload.
  func refused(_ token: String, code: String, reason: String) -> Bool {
    guard let upload = running.first(where: { $0.token == token }) else {
      return ended[token] != nil
    }
    outlet.outgoing.stopSending(token)
    if code == ErrorCode.fileMismatch.rawValue {
      upload.perform { $0.mismatch() }
    } else {
      upload.fail(reason)
    }
    return true
  }

  /// The server ends an upload.
  func cancelled(_ token: String, because reason: String) {
    running.first { $0.token == token }?.fail(reason)
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() {
    for upload in running { upload.perform { $0.interrupt() } }
  }

  /// The connection is there again, and it is known what arrived before it was lost.
  func resume() {
    for upload in running { upload.perform { $0.resume() } }
  }
}
