internal import ChatClientModel
internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// A download that runs: its part, as far as it has come, and what is done next.
///
/// Bytes are written as they come. What reads the part from end to end is done by the worker, which answers by the
/// mailbox; meanwhile the receive thread goes on.
///
/// Thread: receive.
///
/// Owns: the open part.
final class ActiveDownload {
  /// The worker's and the mailbox's name for it.
  let number: Int
  let offer: SharedFile
  let name: FileName
  private(set) var state: DownloadState
  private(set) var hasEnded = false

  private let part: DownloadFolder.Part
  private let folder: DownloadFolder
  private let outlet: TransferOutlet
  private let worker: FileWorker
  private let mailbox: TransferMailbox
  private let clock: ClientClock
  /// Is called once, when it has ended.
  private let onEnd: (ActiveDownload) -> Void

  /// Stops what the worker does for it.
  private let cancelFlag = CancelFlag()
  /// The hash of what is here; `nil` while the worker has it, and once it is finished.
  private var hash: RunningHash?
  private var rate: TransferRate
  /// The part after our last write, or before it was read: a difference shows that others write to it.
  private var status: FileStatus?
  /// How often it was read again, because others wrote.
  private var readings = 0

  /// Opens or makes the part of a file.
  init(
    number: Int, _ offer: SharedFile, in folder: DownloadFolder,
    outlet: TransferOutlet, worker: FileWorker, mailbox: TransferMailbox,
    clock: ClientClock, onEnd: @escaping (ActiveDownload) -> Void
  ) throws(SystemError) {
    (self.number, self.offer, self.folder) = (number, offer, folder)
    (self.outlet, self.worker, self.mailbox) = (outlet, worker, mailbox)
    (self.clock, self.onEnd) = (clock, onEnd)
    rate = TransferRate(bytes: 0, at: clock.moment)
    name = FileName(from: offer.name)
    state = DownloadState(size: offer.sizeBytes)
    part = try folder.openPart(sha256: offer.digest.hex, size: offer.sizeBytes)
  }

  /// How far it is.
  func progress(at now: Moment) -> TransferProgress {
    rate.note(state.length, at: now)
    return TransferProgress(
      .down, name: name.text, bytes: state.length, size: offer.sizeBytes,
      bytesPerSecond: rate.bytesPerSecond(at: now))
  }

  // MARK: The end

  /// Ends it; what is here stays in its part.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    cancelFlag.cancel()
    folder.close(part)
    onEnd(self)
  }

  /// Ends it with an error.
  func fail(_ reason: String, hasBegun: Bool = true) {
    outlet.fail(name.text, reason, hasBegun: hasBegun)
    end()
  }

  // MARK: What is here

  /// Hashes what is here of the file already, and asks for the rest.
  func prepare() throws {
    var length = try part.file.status().sizeBytes
    if length > offer.sizeBytes {
      try part.file.truncate(to: offer.sizeBytes)
      length = offer.sizeBytes
    }
    status = try part.file.status()
    guard length > 0 else {
      hash = try RunningHash()
      return perform(state.begin(length: 0))
    }
    worker.run { [mailbox, number, file = part.file, flag = cancelFlag, length] in
      do throws(HashFailure) {
        let hash: RunningHash
        do { hash = try RunningHash() } catch { throw HashFailure(error) }
        try hash.update(file, 0..<length, until: flag)
        mailbox.post(.hashed(number, .success(HashedPart(length: length, hash: hash))))
      } catch {
        mailbox.post(.hashed(number, .failure(error)))
      }
    }
  }

  /// What is here is hashed.
  func hashed(_ result: Result<HashedPart, HashFailure>) {
    switch result {
    case .success(let part):
      hash = part.hash
      rate = TransferRate(bytes: part.length, at: clock.moment)
      perform(state.begin(length: part.length))
    case .failure(let failure): fail("cannot read what is here of it: \(failure.reason)")
    }
  }

  /// What is here is compared with the sums of the blocks.
  func compared(_ result: Result<HashedPart, HashFailure>) {
    do {
      var good = try result.get()
      // No block is bad, and yet the file is: none of it can be trusted.
      if good.length == state.length { good = try HashedPart(length: 0, hash: RunningHash()) }
      let isOurs = try part.file.status() == status
      try part.file.truncate(to: good.length)
      if isOurs { status = try part.file.status() }
      hash = good.hash
      rate = TransferRate(bytes: good.length, at: clock.moment)
      let step = state.compared(length: good.length)
      if case .get = step {
        outlet.report(.remark("\(name) came damaged; the rest is fetched again"))
      }
      perform(step)
    } catch {
      fail("cannot compare what is here of it: \(HashFailure(error).reason)")
    }
  }

  // MARK: What the server sends

  /// A frame begins.
  ///
  /// - Returns: whether its bytes are the next ones.
  func frame(offset: UInt64, size: UInt64) -> Bool {
    switch state.frame(offset: offset, size: size) {
    case .take: return true
    case .drop: break
    case .refuse(let step): perform(step)
    }
    return false
  }

  /// Some of a frame's bytes have come.
  func write(_ bytes: Span<UInt8>) {
    guard let hash else { return }
    // If others wrote, the status stays what it was: that is noticed at the end.
    let isOurs = (try? part.file.status()) == status
    let (count, error) = part.file.write(bytes, at: state.length)
    if isOurs { status = try? part.file.status() }
    state.received(count)
    do {
      try hash.update(bytes.extracting(0..<count))
      if let error { throw error }
    } catch {
      outlet.cancel(offer.id)
      fail("cannot write \(name.received(1)): \(HashFailure(error).reason)")
    }
  }

  /// Something has changed the state.
  func perform(_ event: (inout DownloadState) -> DownloadState.Step) { perform(event(&state)) }

  private func perform(_ step: DownloadState.Step) {
    let id = offer.id
    switch step {
    case .nothing: break
    case .get(let offset):
      outlet.outgoing.request(TaggedLine("GET", id, [.init("offset", "\(offset)")]))
    case .check: check()
    case .askSums: outlet.outgoing.request(TaggedLine("SUMS", id, [.init("from", "0")]))
    case .compare: compare()
    case .fail(.damaged):
      if state.phase == .receiving { outlet.cancel(id) }
      fail("what came is not what was sent, three times; /get \(id) tries again")
    case .fail(.lost): fail("the connection was lost three times; /get \(id) goes on")
    }
  }

  /// All is here: the digest decides whether it gets its name.
  private func check() {
    do {
      guard let hash else { return try prepareAgain() }
      self.hash = nil
      guard try folder.holds(part) else { throw HashFailure.moved }
      // What was hashed is what came. Only if the part still is that, it gets its name.
      guard try part.file.status() == status else { return try prepareAgain() }
      guard try hash.finish() == offer.digest else { return perform(state.mismatch()) }
      let saved = try folder.save(part, as: name)
      outlet.outgoing.reply(TaggedLine("GOT", offer.id))
      outlet.report(
        .saved(
          id: offer.id, name: saved, path: folder.path(of: saved).bytes, size: offer.sizeBytes))
      end()
    } catch {
      fail("cannot save it: \(HashFailure(error).reason)")
    }
  }

  private func prepareAgain() throws {
    readings += 1
    guard readings <= DownloadState.attempts else { throw HashFailure.changed }
    state.prepareAgain()
    try prepare()
  }

  private func compare() {
    let (length, sums) = (state.length, state.sums)
    worker.run { [mailbox, number, file = part.file, flag = cancelFlag] in
      do throws(HashFailure) {
        let result = try RunningHash.compare(file, size: length, with: sums, until: flag)
        mailbox.post(.compared(number, .success(result)))
      } catch {
        mailbox.post(.compared(number, .failure(error)))
      }
    }
  }
}
