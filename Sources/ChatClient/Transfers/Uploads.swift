internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The files that are being sent, and those that wait for their turn.
///
/// The worker opens and hashes them, the write thread reads and sends their frames; both tell by the mailbox.
///
/// Thread: receive.
final class Uploads {
  /// So many files may wait.
  private static let mostWaiting = 10_000
  /// So many ended uploads are remembered: what the server still says of them concerns nobody.
  private static let mostEnded = 64

  /// One that runs.
  private final class Upload {
    let number: Int
    let path: FilePath
    /// Stops what the worker does for it.
    let cancelFlag = CancelFlag()
    var state = UploadState()
    var file: PreparedFile?
    var rate = TransferRate(bytes: 0, at: MonotonicTime.now.moment)

    /// The sender's name for it.
    var token: String { "\(number)" }
    /// As it is shown.
    var name: String { file?.name.text ?? path.text }

    init(number: Int, path: FilePath) { (self.number, self.path) = (number, path) }
  }

  private let outlet: TransferOutlet
  private let worker: TransferWorker
  private let mailbox: TransferMailbox

  private var running: [Upload] = []
  private var waiting = Fifo<FilePath>()
  private var ended = Fifo<String>()
  private var count = 0
  private var isStarting = false
  /// The largest file that the server takes; 0 if it takes none.
  var mostBytes: UInt64 = 0

  init(outlet: TransferOutlet, worker: TransferWorker, mailbox: TransferMailbox) {
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
  }

  /// Whether any runs or waits.
  var isBusy: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool {
    running.contains {
      switch $0.state.phase {
      case .announced: true
      case .sending: outlet.outgoing.sentBytes(of: $0.token) == nil
      case .preparing, .interrupted: false
      }
    }
  }

  /// Whether the server knows of any, and has not got it.
  var isUnderWay: Bool { running.contains { [.announced, .sending].contains($0.state.phase) } }

  /// Where those are that are being sent, all added up.
  var sentBytes: UInt64 {
    running.reduce(0) { $0 &+ (outlet.outgoing.sentBytes(of: $1.token) ?? $1.state.size) }
  }

  /// Those that wait for the server end, which does nothing.
  func endWaiting(_ reason: String) {
    for upload in running where [.announced, .sending].contains(upload.state.phase) {
      fail(upload, reason, tellsServer: true)
    }
  }

  /// How far they are.
  func progress(at now: Moment) -> [TransferProgress] {
    running.filter { $0.state.phase == .sending }.map { upload in
      let bytes = outlet.outgoing.sentBytes(of: upload.token) ?? upload.state.size
      upload.rate.note(bytes, at: now)
      return TransferProgress(
        .up, name: upload.name, bytes: bytes, size: upload.state.size,
        bytesPerSecond: upload.rate.bytesPerSecond(at: now))
    }
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
    let upload = Upload(number: count, path: path)
    running.append(upload)
    prepare(upload)
  }

  private func prepare(_ upload: Upload) {
    let flag = upload.cancelFlag
    worker.run { [mailbox, number = upload.number, path = upload.path, mostBytes] in
      do throws(UploadFailure) {
        let file = try PreparedFile(path: path, limit: mostBytes, until: flag)
        mailbox.post(.prepared(number, .success(file)))
      } catch {
        mailbox.post(.prepared(number, .failure(error)))
      }
    }
  }

  private func end(_ upload: Upload) {
    running.removeAll { $0 === upload }
    upload.cancelFlag.cancel()
    outlet.outgoing.stopSending(upload.token)
    ended.append(upload.token)
    if ended.count > Self.mostEnded { _ = ended.popFirst() }
    startNext()
  }

  private func fail(_ upload: Upload, _ reason: String, tellsServer: Bool = false) {
    if tellsServer { outlet.cancel(upload.token) }
    outlet.fail(upload.name, reason, hasBegun: upload.state.hasBegun)
    end(upload)
  }

  /// Ends an upload because a person wants it, or all of them.
  ///
  /// - Parameter choice: its name.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let isMeant = { (path: FilePath) in
      choice == nil || path.text == choice || (try? FileName(path.decoded))?.text == choice
    }
    let (left, dropped) = (
      waiting.elements.filter { !isMeant($0) }, waiting.elements.filter(isMeant)
    )
    waiting.removeAll()
    for path in left { waiting.append(path) }
    outlet.tell(dropped: dropped.map(\.text), "sent")
    var hasFound = !dropped.isEmpty
    for upload in running where upload.token == choice || isMeant(upload.path) {
      hasFound = true
      if upload.state.phase != .preparing {
        outlet.cancel(upload.token)
      }
      outlet.tell(.remark("\(upload.name) is not sent"))
      end(upload)
    }
    return hasFound
  }

  /// We leave: nothing is sent any more.
  func giveUp() {
    outlet.tell(
      dropped: running.map { $0.name } + waiting.elements.map(\.text), "sent")
    waiting.removeAll()
    for upload in running { end(upload) }
  }

  /// All end, because of what happened to us.
  func endAll(_ reason: String) {
    let paths = waiting.elements
    waiting.removeAll()
    for path in paths { outlet.fail(path.text, reason) }
    for upload in running { fail(upload, reason) }
  }

  // MARK: What others say

  /// The worker has opened and hashed a file.
  func prepared(_ number: Int, _ result: Result<PreparedFile, UploadFailure>) {
    guard let upload = running.first(where: { $0.number == number }) else { return }
    switch result {
    case .success(let file):
      upload.file = file
      perform(upload.state.prepared(size: file.size), upload)
    case .failure(let failure): fail(upload, failure.reason)
    }
  }

  /// The write thread can't read a file any more.
  func unreadable(_ token: String, _ reason: String) {
    guard let upload = running.first(where: { $0.token == token }) else { return }
    fail(upload, reason, tellsServer: true)
  }

  /// The server says from where it wants a file.
  func started(_ token: String, offset: UInt64) {
    guard let upload = running.first(where: { $0.token == token }) else { return }
    perform(upload.state.start(offset: offset), upload)
  }

  /// The room is told of a file of ours.
  ///
  /// - Returns: what it is called, if it is one of these.
  func arrived(_ offer: FileOffer) -> String? {
    let same = running.filter {
      $0.file?.sha256 == offer.sha256 && $0.file?.size == offer.size
        && $0.state.phase != .preparing
    }
    let upload = same.first { $0.file?.name.text == offer.name } ?? same.first
    guard let upload else { return nil }
    outlet.tell(.sent(id: offer.id, name: upload.name, size: offer.size))
    end(upload)
    return upload.name
  }

  /// The server refuses.
  ///
  /// - Returns: whether that is, or was, about an upload.
  func refused(_ token: String, code: String, reason: String) -> Bool {
    guard let upload = running.first(where: { $0.token == token }) else {
      return ended.elements.contains(token)
    }
    outlet.outgoing.stopSending(token)
    if code == ErrorCode.fileMismatch.rawValue {
      perform(upload.state.mismatch(), upload)
    } else {
      fail(upload, reason)
    }
    return true
  }

  /// The server ends an upload.
  func cancelled(_ token: String, because reason: String) {
    guard let upload = running.first(where: { $0.token == token }) else { return }
    fail(upload, reason)
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() {
    for upload in running { perform(upload.state.interrupt(), upload) }
  }

  /// The connection is there again, and what arrived before it was lost is known.
  func resume() {
    for upload in running { perform(upload.state.resume(), upload) }
  }

  private func perform(_ step: UploadState.Step, _ upload: Upload) {
    guard let file = upload.file else { return }
    switch step {
    case .nothing: break
    case .announce:
      outlet.outgoing.request(
        TaggedLine(
          "FILE", file.name.text,
          [
            .init("id", upload.token), .init("size", "\(file.size)"),
            .init("sha256", file.sha256),
          ]))
    case .send(let offset):
      upload.rate = TransferRate(bytes: offset, at: MonotonicTime.now.moment)
      outlet.outgoing.send(file, token: upload.token, from: offset)
    case .fail(let reason): fail(upload, reason)
    }
  }
}
