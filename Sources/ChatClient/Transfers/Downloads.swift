internal import ChatClientModel
internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// The files that are being fetched, and those that wait for their turn.
///
/// Bytes are written as they come. What reads a file from end to end is done by the worker, which tells by the
/// mailbox; meanwhile the receive thread goes on.
///
/// Thread: receive.
///
/// Owns: the open parts.
final class Downloads {
  /// So many files may wait.
  private static let mostWaiting = 1_000
  /// So many ended downloads are remembered, whose last frames may be on their way.
  private static let mostEnded = 64

  /// One that runs.
  final class Download {
    let number: Int
    let offer: FileOffer
    let name: FileName
    let digest: SHA256Digest
    let part: DownloadFolder.Part
    /// Stops what the worker does for it.
    let cancelFlag = CancelFlag()
    var state: DownloadState
    /// Of what is here; `nil` while the worker has it, and once it is finished.
    var hash: RunningHash?
    var rate: TransferRate
    /// The part as our last writing left it, or as it was before it was read. What others write meanwhile shows.
    var status: RegularFile.Status?
    /// How often it was read anew, because others wrote.
    var readings = 0

    init(
      number: Int, _ offer: FileOffer, digest: SHA256Digest, part: DownloadFolder.Part
    ) {
      (self.number, self.offer, self.digest, self.part) = (number, offer, digest, part)
      name = FileName(from: offer.name)
      state = DownloadState(size: offer.size)
      rate = TransferRate(bytes: 0, at: MonotonicTime.now.moment)
    }
  }

  // What is not private is shared with `DownloadSteps.swift`.

  let folder: Result<DownloadFolder, SystemError>
  private let folderPath: FilePath
  let outlet: TransferOutlet
  let worker: TransferWorker
  let mailbox: TransferMailbox

  var running: [Download] = []
  private var waiting = Fifo<FileOffer>()
  /// Whose bytes come now.
  var target: Download?
  private var ended = Fifo<String>()
  private var count = 0
  private var isStarting = false
  /// A server that sends what nobody asked for is complained of once.
  private var hasComplained = false

  init(
    _ folder: Result<DownloadFolder, SystemError>, at path: FilePath, outlet: TransferOutlet,
    worker: TransferWorker, mailbox: TransferMailbox
  ) {
    (self.folder, folderPath) = (folder, path)
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
  }

  /// Whether any runs or waits.
  var isBusy: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { running.contains { $0.state.isWaiting } }

  /// How far they are.
  func progress(at now: Moment) -> [TransferProgress] {
    running.filter { $0.state.phase == .receiving }.map { download in
      download.rate.note(download.state.length, at: now)
      return TransferProgress(
        .down, name: download.name.text, bytes: download.state.length, size: download.offer.size,
        bytesPerSecond: download.rate.bytesPerSecond(at: now))
    }
  }

  // MARK: Beginning and ending

  /// Fetches a file, as soon as it is its turn.
  func fetch(_ offer: FileOffer) {
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

  private func start(_ offer: FileOffer) {
    let name = FileName(from: offer.name)
    guard let digest = SHA256Digest(hex: offer.sha256), offer.size <= UInt64(Int64.max) else {
      return outlet.fail(name.text, "the server's offer makes no sense", hasBegun: false)
    }
    do {
      let part = try folder.get().openPart(sha256: digest.hex, size: offer.size)
      count += 1
      let download = Download(number: count, offer, digest: digest, part: part)
      running.append(download)
      try prepare(download)
    } catch {
      if let download = running.first(where: { $0.offer.id == offer.id }) { end(download) }
      outlet.fail(
        name.text, "cannot write to \(folderPath): \(HashFailure(error).reason)", hasBegun: false)
    }
  }

  /// Takes a download out, and lets the next have its turn.
  func end(_ download: Download) {
    running.removeAll { $0 === download }
    if target === download { target = nil }
    ended.append(download.offer.id)
    if ended.count > Self.mostEnded { _ = ended.popFirst() }
    download.cancelFlag.cancel()
    if case .success(let folder) = folder { folder.close(download.part) }
    startNext()
  }

  func fail(_ download: Download, _ text: String, hasBegun: Bool = true) {
    outlet.fail(download.name.text, text, hasBegun: hasBegun)
    end(download)
  }

  /// Ends a download because a person wants it, or all of them.
  ///
  /// - Parameter choice: an id, or the beginning of one, or the file's name.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let isMeant = { (offer: FileOffer) in
      guard let choice else { return true }
      return offer.id == choice || FileName(from: offer.name).text == choice
        || choice.count >= FileTable.shortestID && offer.id.hasPrefix(choice)
    }
    let (left, dropped) = (
      waiting.elements.filter { !isMeant($0) }, waiting.elements.filter(isMeant)
    )
    waiting.removeAll()
    for offer in left { waiting.append(offer) }
    outlet.tell(dropped: dropped.map { FileName(from: $0.name).text }, "fetched")
    var hasFound = !dropped.isEmpty
    for download in running where isMeant(download.offer) {
      hasFound = true
      outlet.cancel(download.offer.id)
      outlet.tell(.remark("\(download.name) is not fetched; /get \(download.offer.id) goes on"))
      end(download)
    }
    return hasFound
  }

  /// We leave: nothing is fetched any more.
  func giveUp() {
    let names = running.map(\.name.text) + waiting.elements.map { FileName(from: $0.name).text }
    outlet.tell(dropped: names, "fetched")
    waiting.removeAll()
    for download in running { end(download) }
  }

  /// All end, because of what happened to us.
  func endAll(_ reason: String) {
    let offers = waiting.elements
    waiting.removeAll()
    for offer in offers { outlet.fail(FileName(from: offer.name).text, reason) }
    for download in running { fail(download, reason) }
  }

  /// Those that wait for the server end, which does nothing.
  func endWaiting(_ reason: String) {
    for download in running where download.state.isWaiting {
      let id = download.offer.id
      // A server that did not answer that either is not asked again, or the next would wait for the answer, too.
      if !outlet.cancelAnswered(id) { outlet.cancel(id) }
      fail(download, "\(reason); /get \(id) goes on")
    }
  }

  // MARK: What the server says

  /// A frame begins.
  func frame(_ id: String, offset: UInt64, size: UInt64) {
    target = nil
    if outlet.awaitsCancel(id) { return }
    guard let download = running.first(where: { $0.offer.id == id }) else {
      if !ended.elements.contains(id), !hasComplained {
        hasComplained = true
        outlet.tell(.remark("the server sends a file that nobody asked for; it is not kept"))
      }
      return
    }
    switch download.state.frame(offset: offset, size: size) {
    case .take: target = download
    case .drop: break
    case .refuse(let step): perform(step, download)
    }
  }

  /// Some of a frame's bytes have come.
  func bytes(_ bytes: Span<UInt8>) {
    guard let download = target, let hash = download.hash else { return }
    let file = download.part.file
    // If others wrote, it stays what it was: that is seen at the end.
    let isOurs = (try? file.status()) == download.status
    let (count, error) = file.write(bytes, at: download.state.length)
    if isOurs { download.status = try? file.status() }
    download.state.received(count)
    do {
      try hash.update(bytes.extracting(0..<count))
      if let error { throw error }
    } catch {
      outlet.cancel(download.offer.id)
      fail(download, "cannot write \(download.name.received(1)): \(HashFailure(error).reason)")
    }
  }

  /// All of a file has been sent.
  func fileEnd(_ id: String) { perform(id) { $0.end() } }

  /// Sums of a file's blocks have come.
  func sums(_ words: [String], _ id: String, isLast: Bool) {
    perform(id) { $0.take(sums: words, isLast: isLast) }
  }

  /// The server ends a download, or answers that we did.
  func cancelled(_ id: String, because reason: String) {
    guard let download = running.first(where: { $0.offer.id == id }) else { return }
    fail(download, "\(reason); /get \(id) goes on")
  }

  /// The server refuses.
  ///
  /// - Returns: whether that is, or was, about a download.
  func refused(_ id: String, _ reason: String) -> Bool {
    guard let download = running.first(where: { $0.offer.id == id }) else {
      return ended.elements.contains(id)
    }
    fail(download, reason, hasBegun: download.state.length > 0)
    return true
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() {
    target = nil
    for download in running { perform(download.state.interrupt(), download) }
  }

  /// The connection is there again.
  func resume() {
    for download in running { perform(download.state.resume(), download) }
  }
}
