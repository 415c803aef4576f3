internal import ChatClientModel
internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// The downloads that run, and the files that wait for their turn.
///
/// Thread: receive.
final class DownloadQueue {
  /// Limit: of the files that wait.
  private static let mostWaiting = 1_000
  /// Limit: of the ended downloads whose last frames may be on their way.
  private static let mostEnded = 64

  private let folder: Result<DownloadFolder, SystemError>
  private let folderPath: FilePath
  private let outlet: TransferOutlet
  private let worker: FileWorker
  private let mailbox: TransferMailbox
  private let clock: ClientClock

  private var running: [ActiveDownload] = []
  private var waiting = Fifo<SharedFile>()
  /// Whose bytes come now.
  private var target: ActiveDownload?
  private var ended = RecentFiles<Bool>(limit: mostEnded)
  private var count = 0
  private var isStarting = false
  /// A server that sends what was not asked for is reported once.
  private var hasComplained = false

  init(
    _ folder: Result<DownloadFolder, SystemError>, at path: FilePath, outlet: TransferOutlet,
    worker: FileWorker, mailbox: TransferMailbox, clock: ClientClock
  ) {
    (self.folder, folderPath) = (folder, path)
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
    self.clock = clock
  }

  /// Whether any runs or waits.
  var isBusy: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { running.contains { $0.state.isWaiting } }

  /// How far they are.
  func progress(at now: Moment) -> [TransferProgress] {
    running.filter { $0.state.phase == .receiving }.map { $0.progress(at: now) }
  }

  // MARK: Beginning and ending

  /// Fetches a file, as soon as it is its turn.
  func fetch(_ offer: SharedFile) {
    guard !running.contains(where: { $0.offer.id == offer.id }),
      !waiting.elements.contains(where: { $0.id == offer.id })
    else { return }
    guard waiting.count < Self.mostWaiting else {
      return outlet.fail(
        FileName(from: offer.name).text, "too many files are waiting", hasBegun: false)
    }
    waiting.append(offer)
    startNext()
  }

  /// What is started may end at once: that starts no other, this loop does.
  private func startNext() {
    guard !isStarting else { return }
    isStarting = true
    defer { isStarting = false }
    while running.count < Limits.downloadsAtOnce, let offer = waiting.popFirst() { start(offer) }
  }

  private func start(_ offer: SharedFile) {
    let name = FileName(from: offer.name)
    guard offer.sizeBytes <= UInt64(Int64.max) else {
      return outlet.fail(name.text, "the server's offer makes no sense", hasBegun: false)
    }
    do {
      count += 1
      let download = try ActiveDownload(
        number: count, offer, in: folder.get(), outlet: outlet, worker: worker,
        mailbox: mailbox, clock: clock
      ) { [unowned self] in ended($0) }
      running.append(download)
      do { try download.prepare() } catch {
        download.end()
        throw error
      }
    } catch {
      outlet.fail(
        name.text, "cannot write to \(folderPath): \(HashFailure(error).reason)", hasBegun: false)
    }
  }

  /// A download has ended: the next has its turn.
  private func ended(_ download: ActiveDownload) {
    running.removeAll { $0 === download }
    if target === download { target = nil }
    ended[download.offer.id] = true
    startNext()
  }

  /// Ends a download because a person wants it, or all of them.
  ///
  /// - Parameter choice: an id, or the beginning of one, or the file's name.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let isMeant = { (offer: SharedFile) in
      guard let choice else { return true }
      return offer.id == choice || FileName(from: offer.name).text == choice
        || choice.count >= FileTable.shortestID && offer.id.hasPrefix(choice)
    }
    let dropped = waiting.removeAll(where: isMeant)
    outlet.report(dropped: dropped.map { FileName(from: $0.name).text }, "fetched")
    var hasFound = !dropped.isEmpty
    for download in running where isMeant(download.offer) {
      hasFound = true
      outlet.cancel(download.offer.id)
      outlet.report(.remark("\(download.name) is not fetched; /get \(download.offer.id) goes on"))
      download.end()
    }
    return hasFound
  }

  /// The client leaves: nothing is fetched any more.
  func giveUp() {
    let names = running.map(\.name.text) + waiting.elements.map { FileName(from: $0.name).text }
    outlet.report(dropped: names, "fetched")
    waiting.removeAll()
    for download in running { download.end() }
  }

  /// Ends all, because of what happened to the client.
  func endAll(_ reason: String) {
    for offer in waiting.removeAll(where: { _ in true }) {
      outlet.fail(FileName(from: offer.name).text, reason)
    }
    for download in running { download.fail(reason) }
  }

  /// Ends those that wait for the server, which does nothing.
  func endWaiting(_ reason: String) {
    for download in running where download.state.isWaiting {
      let id = download.offer.id
      // A server that did not answer that either is not asked again, or the next download would wait for its answer.
      if !outlet.cancelAnswered(id) { outlet.cancel(id) }
      download.fail("\(reason); /get \(id) goes on")
    }
  }

  // MARK: What the worker says

  /// What is here of a file is hashed.
  func hashed(_ number: Int, _ result: Result<HashedPart, HashFailure>) {
    running.first { $0.number == number }?.hashed(result)
  }

  /// What is here of a file is compared with the sums of its blocks.
  func compared(_ number: Int, _ result: Result<HashedPart, HashFailure>) {
    running.first { $0.number == number }?.compared(result)
  }

  // MARK: What the server says

  /// A frame begins.
  func frame(_ id: String, offset: UInt64, size: UInt64) {
    target = nil
    if outlet.awaitsCancel(id) { return }
    if let download = running.first(where: { $0.offer.id == id }) {
      if download.frame(offset: offset, size: size) { target = download }
    } else if ended[id] == nil, !hasComplained {
      hasComplained = true
      outlet.report(.remark("the server sends a file that nobody asked for; it is not kept"))
    }
  }

  /// Some of a frame's bytes have come.
  func bytes(_ bytes: Span<UInt8>) { target?.write(bytes) }

  /// All of a file has been sent.
  func fileEnd(_ id: String) { perform(id) { $0.end() } }

  /// Sums of a file's blocks have come.
  func sums(_ words: [String], _ id: String, isLast: Bool) {
    perform(id) { $0.take(sums: words, isLast: isLast) }
  }

  private func perform(_ id: String, _ event: (inout DownloadState) -> DownloadState.Step) {
    guard !outlet.awaitsCancel(id),
      let download = running.first(where: { $0.offer.id == id })
    else { return }
    target = nil
    download.perform(event)
  }

  /// The server ends a download, or answers that the client did.
  func cancelled(_ id: String, because reason: String) {
    running.first { $0.offer.id == id }?.fail("\(reason); /get \(id) goes on")
  }

  /// The server refuses.
  ///
  /// - Returns: whether that is, or was, about a download.
  func refused(_ id: String, _ reason: String) -> Bool {
    guard let download = running.first(where: { $0.offer.id == id }) else {
      return ended[id] != nil
    }
    download.fail(reason, hasBegun: download.state.length > 0)
    return true
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() {
    target = nil
    for download in running { download.perform { $0.interrupt() } }
  }

  /// The connection is there again.
  func resume() {
    for download in running { download.perform { $0.resume() } }
  }
}
