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
  private final class Download {
    let number: Int
    let offer: FileOffer
    let name: FileName
    let digest: SHA256Digest
    let part: DownloadFolder.Part
    var state: DownloadState
    /// Of what is here; `nil` while the worker has it, and once it is finished.
    var hash: RunningHash?
    var rate: TransferRate

    init(
      number: Int, _ offer: FileOffer, digest: SHA256Digest, part: DownloadFolder.Part
    ) {
      (self.number, self.offer, self.digest, self.part) = (number, offer, digest, part)
      name = FileName(from: offer.name)
      state = DownloadState(size: offer.size)
      rate = TransferRate(bytes: 0, at: .now)
    }
  }

  private let folder: Result<DownloadFolder, SystemError>
  private let folderPath: String
  private let outlet: TransferOutlet
  private let worker: TransferWorker
  private let mailbox: TransferMailbox
  private let onSaved: (@Sendable (String) -> Void)?

  private var running: [Download] = []
  private var waiting = Fifo<FileOffer>()
  /// Whose bytes come now.
  private var target: Download?
  private var ended = Fifo<String>()
  private var count = 0
  private var isStarting = false
  /// A server that sends what nobody asked for is complained of once.
  private var hasComplained = false

  init(
    _ folder: Result<DownloadFolder, SystemError>, at path: String, outlet: TransferOutlet,
    worker: TransferWorker, mailbox: TransferMailbox, onSaved: (@Sendable (String) -> Void)?
  ) {
    (self.folder, folderPath, self.onSaved) = (folder, path, onSaved)
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
  }

  /// Whether any runs or waits.
  var isBusy: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { running.contains { $0.state.isWaiting } }

  /// How far they are.
  func progress(at now: MonotonicTime) -> [TransferProgress] {
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
      return outlet.fail(FileName(from: offer.name).text, "too many files are waiting")
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
      return outlet.fail(name.text, "the server's offer makes no sense")
    }
    do {
      let part = try folder.get().openPart(sha256: digest.hex, size: offer.size)
      count += 1
      let download = Download(number: count, offer, digest: digest, part: part)
      running.append(download)
      try prepare(download)
    } catch {
      if let download = running.first(where: { $0.offer.id == offer.id }) { end(download) }
      outlet.fail(name.text, "cannot write to \(folderPath): \(HashFailure(error).reason)")
    }
  }

  /// Hashes what is here of a file already.
  private func prepare(_ download: Download) throws {
    let file = download.part.file
    var length = try file.status().sizeBytes
    if length > download.offer.size {
      try file.truncate(to: download.offer.size)
      length = download.offer.size
    }
    guard length > 0 else {
      download.hash = try RunningHash()
      return perform(download.state.begin(length: 0), download)
    }
    worker.run { [mailbox, number = download.number, length] in
      do throws(HashFailure) {
        let hash: RunningHash
        do { hash = try RunningHash() } catch { throw HashFailure(error) }
        try hash.update(file, 0..<length)
        mailbox.post(.hashed(number, .success(HashedPart(length: length, hash: hash))))
      } catch {
        mailbox.post(.hashed(number, .failure(error)))
      }
    }
  }

  /// Takes a download out, and lets the next have its turn.
  private func end(_ download: Download, isSaved: Bool = false) {
    running.removeAll { $0 === download }
    if target === download { target = nil }
    ended.append(download.offer.id)
    if ended.count > Self.mostEnded { _ = ended.popFirst() }
    // An empty part is of no use to anybody.
    if download.state.length == 0, !isSaved { try? folder.get().remove(download.part) }
    startNext()
  }

  private func fail(_ download: Download, _ text: String) {
    outlet.fail(download.name.text, text)
    end(download)
  }

  /// Ends a download because a person wants it, or all of them.
  ///
  /// - Parameter choice: an id, or the file's name.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let isMeant = { (offer: FileOffer) in
      choice == nil || offer.id == choice || FileName(from: offer.name).text == choice
    }
    let left = waiting.elements.filter { !isMeant($0) }
    var hasFound = left.count < waiting.count
    waiting.removeAll()
    for offer in left { waiting.append(offer) }
    for download in running where isMeant(download.offer) {
      hasFound = true
      outlet.outgoing.request(TaggedLine("CANCEL", download.offer.id))
      outlet.tell(.remark("\(download.name) is not fetched; /get \(download.offer.id) goes on"))
      end(download)
    }
    return hasFound
  }

  /// We leave: nothing is fetched any more.
  func giveUp() {
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

  // MARK: What the server says

  /// A frame begins.
  func frame(_ id: String, offset: UInt64, size: UInt64) {
    target = nil
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
    let (count, error) = download.part.file.write(bytes, at: download.state.length)
    download.state.received(count)
    do {
      try hash.update(bytes.extracting(0..<count))
      if let error { throw error }
    } catch {
      outlet.outgoing.request(TaggedLine("CANCEL", download.offer.id))
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
    fail(download, reason)
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

  // MARK: What the worker says

  /// What is here of a file is hashed.
  func hashed(_ number: Int, _ result: Result<HashedPart, HashFailure>) {
    guard let download = running.first(where: { $0.number == number }) else { return }
    switch result {
    case .success(let part):
      download.hash = part.hash
      download.rate = TransferRate(bytes: part.length, at: .now)
      perform(download.state.begin(length: part.length), download)
    case .failure(let failure):
      fail(download, "cannot read what is here of it: \(failure.reason)")
    }
  }

  /// A file is compared with its blocks' sums.
  func compared(
    _ number: Int, _ result: Result<HashedPart, HashFailure>
  ) {
    guard let download = running.first(where: { $0.number == number }) else { return }
    do {
      var good = try result.get()
      // No block is bad, and yet the file is: nothing of it can be trusted.
      if good.length == download.state.length {
        good = try HashedPart(length: 0, hash: RunningHash())
      }
      try download.part.file.truncate(to: good.length)
      download.hash = good.hash
      download.rate = TransferRate(bytes: good.length, at: .now)
      let step = download.state.compared(length: good.length)
      if case .get = step {
        outlet.tell(.remark("\(download.name) came damaged; the rest is fetched again"))
      }
      perform(step, download)
    } catch {
      fail(download, "cannot compare what is here of it: \(HashFailure(error).reason)")
    }
  }

  // MARK: Steps

  private func perform(_ id: String, _ event: (inout DownloadState) -> DownloadState.Step) {
    guard let download = running.first(where: { $0.offer.id == id }) else { return }
    target = nil
    perform(event(&download.state), download)
  }

  private func perform(_ step: DownloadState.Step, _ download: Download) {
    let id = download.offer.id
    switch step {
    case .nothing: break
    case .get(let offset):
      outlet.outgoing.request(TaggedLine("GET", id, [.init("offset", "\(offset)")]))
    case .check: check(download)
    case .askSums: outlet.outgoing.request(TaggedLine("SUMS", id, [.init("from", "0")]))
    case .compare: compare(download)
    case .fail(.damaged):
      if download.state.phase == .receiving { outlet.outgoing.request(TaggedLine("CANCEL", id)) }
      fail(download, "what came is not what was sent, three times; /get \(id) tries again")
    case .fail(.lost):
      fail(download, "the connection was lost three times; /get \(id) goes on")
    }
  }

  /// All is here: is it what was sent?
  private func check(_ download: Download) {
    do {
      guard let hash = download.hash else { return try prepare(download) }
      download.hash = nil
      guard try hash.finish() == download.digest else {
        return perform(download.state.mismatch(), download)
      }
      let folder = try folder.get()
      let name = try folder.save(download.part, as: download.name)
      outlet.outgoing.reply(TaggedLine("GOT", download.offer.id))
      let path = folder.path(of: name)
      outlet.tell(
        .saved(id: download.offer.id, name: name, path: path, size: download.offer.size))
      onSaved?(path)
      end(download, isSaved: true)
    } catch {
      fail(download, "cannot save it: \(HashFailure(error).reason)")
    }
  }

  private func compare(_ download: Download) {
    let (file, length, sums) = (
      download.part.file, download.state.length, download.state.sums
    )
    worker.run { [mailbox, number = download.number] in
      do throws(HashFailure) {
        let result = try RunningHash.compare(file, size: length, with: sums)
        mailbox.post(.compared(number, .success(result)))
      } catch {
        mailbox.post(.compared(number, .failure(error)))
      }
    }
  }
}
