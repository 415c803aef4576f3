internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The files that come and go over a conversation: what the server says of them, what a person wants, and what other
/// threads have done for them.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class FileTransfers {
  /// What to do with a connection over which transfers do not go on.
  enum StallConsequence {
    case keep
    /// Another is needed.
    case lose
  }

  private let outlet: TransferOutlet
  private let downloads: DownloadQueue
  private let uploads: UploadQueue
  private let mailbox: TransferMailbox
  private var status: TransferStatus
  /// What is fetched as it is offered.
  private var budget: AcceptBudget
  private let onlySends: Bool
  private var isHeld = false

  private var lookups = FileLookups()
  private var sentNames = RecentFiles<String>(limit: FileLookups.mostRemembered)
  private var room = ""

  private let clock: ClientClock
  private var watch: StallWatch
  /// How often the server has said something of a file, or sent of one.
  private var answers: UInt64 = 0

  /// - Parameters:
  ///   - isTyped: a person is there, who could ask for a file.
  ///   - setStatus: sets the row for the status; `nil` where there is none.
  init(
    options: ClientOptions, isTyped: Bool, folder: Result<DownloadFolder, SystemError>,
    outgoing: OutgoingQueue, mailbox: TransferMailbox, worker: FileWorker,
    clock: ClientClock,
    setStatus: (@Sendable (String?) -> Void)?
  ) {
    outlet = TransferOutlet(outgoing, isTyped: isTyped)
    downloads = DownloadQueue(
      folder, at: options.downloadFolder ?? ".", outlet: outlet, worker: worker, mailbox: mailbox,
      clock: clock)
    uploads = UploadQueue(outlet: outlet, worker: worker, mailbox: mailbox, clock: clock)
    (self.mailbox, self.clock) = (mailbox, clock)
    watch = StallWatch(now: clock.moment)
    status = TransferStatus(clock: clock, set: setStatus)
    // A client that only sends files wants none.
    onlySends = !options.filesToSend.isEmpty
    budget = AcceptBudget(fileBytes: onlySends ? 0 : options.autoAcceptBytes)
  }

  /// Whether anything runs, waits, or is asked for.
  var isBusy: Bool { downloads.isBusy || uploads.isBusy || !lookups.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { downloads.isWaiting || uploads.isWaiting || !lookups.isEmpty }

  /// What is to be displayed, in order; each once.
  func takeNotices() -> [TransferNotice] { outlet.takeNotices() }

  // MARK: The status

  /// When the status is to be displayed next; `nil` if it need not be.
  var statusTime: MonotonicTime? { status.nextTime(isBusy: isBusy) }

  /// Displays how far the transfers are, if it is time.
  func displayStatus() {
    status.update(isBusy: isBusy) { downloads.progress(at: $0) + uploads.progress(at: $0) }
  }

  // MARK: Silence

  /// When `endStalled` is to be asked next; `nil` if it need not be.
  var stallTime: MonotonicTime? { isBusy ? MonotonicTime(watch.nextLook) : nil }

  /// Ends what waits for a server that does nothing about it, if it is time.
  ///
  /// - Returns: what to do with the connection; `nil` if nothing has ended.
  func endStalled(on stream: any ClientTransport) -> StallConsequence? {
    guard let time = stallTime, case let now = clock.now, now >= time else { return nil }
    let signs =
      downloads.isWaiting || uploads.isUnderWay || !lookups.isEmpty
      ? StallWatch.Signs(
        answers: answers, sentBytes: uploads.sentBytes,
        unacknowledgedBytes: stream.unacknowledgedBytes) : nil
    guard watch.isStalled(signs, now: now.moment) else { return nil }
    let reason = "the server has done nothing about it for \(StallWatch.limit.components.seconds) s"
    downloads.endWaiting(reason)
    uploads.endWaiting(reason)
    // An answer that comes all the same must not be taken for another's.
    let hasLookups = !lookups.isEmpty
    for choice in lookups.removeAll() { outlet.fail(choice, reason) }
    updateHold()
    return hasLookups ? .lose : .keep
  }

  /// What goes of files; `nil` if none is being sent.
  func going(over stream: any ClientTransport) -> LifeWatch.Going? {
    guard uploads.isUnderWay else { return nil }
    return .init(sentBytes: uploads.sentBytes, unacknowledgedBytes: stream.unacknowledgedBytes)
  }

  // MARK: What other threads say

  /// Does what the messages of other threads ask for.
  func readMail() {
    // Before anything is taken: the input may end at the same time.
    hold(true)
    for message in mailbox.take() {
      switch message {
      case .send(let paths): uploads.send(paths)
      case .get(let choice): perform([lookups.get(choice)], nickname: "")
      case .cancel(let choice):
        let isUpload = uploads.cancel(choice)
        if !downloads.cancel(choice), !isUpload { outlet.report(.remark("nothing to cancel")) }
      case .leave:
        downloads.giveUp()
        uploads.giveUp()
        _ = lookups.removeAll()
      case .inputEnded:
        if isBusy { outlet.report(.remark("waiting for the files; Ctrl-C leaves at once")) }
      case .hashed(let number, let result): downloads.hashed(number, result)
      case .compared(let number, let result): downloads.compared(number, result)
      case .prepared(let number, let result): uploads.prepared(number, result)
      case .unreadable(let token, let reason): uploads.unreadable(token, reason)
      }
    }
    updateHold()
  }

  /// Waits, doing what the messages of other threads ask for.
  func wait(until deadline: MonotonicTime) {
    while case let left = deadline - clock.now, left > .zero {
      if mailbox.wakeUp.wait(for: left) { readMail() }
    }
  }

  /// Sends files.
  ///
  /// Thread: main, before the receive thread starts.
  func send(_ paths: [FilePath]) {
    uploads.send(paths)
    updateHold()
  }

  /// Ends all, because of what happened to the client.
  func endAll(_ reason: String) {
    downloads.endAll(reason)
    uploads.endAll(reason)
    for choice in lookups.removeAll() { outlet.fail(choice, reason) }
    updateHold()
  }

  /// The client does not leave after the last line while anything runs.
  private func updateHold() { hold(isBusy) }

  private func hold(_ isHeld: Bool) {
    guard isHeld != self.isHeld else { return }
    self.isHeld = isHeld
    outlet.outgoing.hold(isHeld)
  }

  // MARK: What the server says

  /// Follows a line.
  ///
  /// - Parameter nickname: one's own.
  /// - Returns: whether the line is not displayed as it is.
  func follow(_ line: ServerLine, nickname: String) -> Bool {
    defer { updateHold() }
    lookups.follow(line)
    switch line {
    case .session(.welcome(let room, _, _, let maxFileBytes, _)):
      uploads.mostBytes = maxFileBytes
      self.room = room
    case .session(.room(let name, _, _)): move(to: name)
    case .transfer(let line): return follow(line, nickname: nickname)
    case .unknown(let text, isTagged: true): failIfUncheckable(text, nickname: nickname)
    default: break
    }
    return false
  }

  private func follow(_ line: TransferLine, nickname: String) -> Bool {
    var isFollowed = true
    switch line {
    case .file(let offer): offered(offer, nickname: nickname)
    case .data(let id, let offset, let size): downloads.frame(id, offset: offset, size: size)
    case .end(let id): downloads.fileEnd(id)
    case .sums(let words, let id, _, let isLast): downloads.sums(words, id, isLast: isLast)
    case .cancelled(let id): cancelled(id)
    case .uploadStart(_, let token, let offset): uploads.started(token, offset: offset)
    case .got(let id, let have, let all): got(id, have, all)
    case .error(let code, let reason, let id):
      isFollowed = refused(id, code: code, reason: reason, nickname: nickname)
    case .listed(let offer, let time):
      let isOwn = outlet.outgoing.note { $0.isListOwn }
      let steps = lookups.list(offer, time: time, nickname: nickname, isOwn: isOwn)
      perform(steps ?? [], nickname: nickname)
      isFollowed = steps != nil
    case .listEnd:
      let isOwn = outlet.outgoing.note { $0.listAnswered() }
      perform(lookups.listEnd(isOwn: isOwn), nickname: nickname)
    }
    // Others' files, and what others have, are no answers.
    switch line {
    case .file, .got: break
    default: if isFollowed { answers += 1 }
    }
    return isFollowed
  }

  private func perform(_ steps: [FileLookups.Step], nickname: String) {
    for step in steps {
      switch step {
      case .fetch(let offer): downloads.fetch(offer)
      case .fetchNewest(let offer, let count):
        outlet.report(
          .remark(
            "\(FileName(from: offer.name)): the newest of \(count), from \(offer.sender) "
              + "(\(ByteCount.text(offer.sizeBytes)))"))
        downloads.fetch(offer)
      case .offered(let offer): offered(offer, nickname: nickname)
      case .arrived(let offer): sentNames[offer.id] = uploads.arrived(offer)
      case .ask(let id): outlet.outgoing.look(for: id)
      case .fail(let name, let reason): outlet.fail(name, reason, hasBegun: false)
      case .display(let files): outlet.report(.files(files))
      case .resumeUploads: uploads.resume()
      }
    }
  }

  /// A line was missed that reports a file.
  func missed(_ line: ServerLine, file: String, nickname: String) {
    lookups.missed(line, file: file, nickname: nickname, acceptsAny: budget.acceptsAny)
  }

  /// Some of a frame's bytes have come.
  func take(_ bytes: Span<UInt8>) {
    answers += 1
    downloads.bytes(bytes)
    updateHold()
  }

  private func offered(_ offer: SharedFile, nickname: String) {
    lookups.remember(offer)
    if offer.sender == nickname {
      sentNames[offer.id] = uploads.arrived(offer)
      return
    }
    let refusal = budget.accept(offer.sizeBytes, now: clock.moment)
    // A client that only sends files displays no offers.
    if !onlySends {
      if let refusal, !outlet.isTyped {
        outlet.report(.passedOver(offer, refusal))
      } else {
        outlet.report(.offered(offer, isFetched: refusal == nil))
      }
    }
    guard refusal == nil else { return }
    // First: the input may end at the same time.
    hold(true)
    downloads.fetch(offer)
  }

  /// An offer of a file that would be fetched, but whose checksum is not one: the person, or the script, learns that
  /// the file does not come.
  private func failIfUncheckable(_ text: String, nickname: String) {
    guard let line = try? TaggedLine(Array(text.utf8).span, limit: Limits.serverLineBytes),
      line.tag == "FILE", line["sha256"] != nil, line["id"] != nil, line["from"] != nickname,
      let size = line["size"].flatMap({ UInt64($0) }),
      budget.accept(size, now: clock.moment) == nil
    else { return }
    outlet.fail(
      FileName(from: line.value).text, "the server's offer makes no sense", hasBegun: false)
  }

  private func cancelled(_ id: String) {
    if outlet.cancelAnswered(id) { return }
    let reason =
      outlet.outgoing.isMoving
      ? "ended, because you go to another room" : "the server has ended it"
    downloads.cancelled(id, because: reason)
    uploads.cancelled(id, because: reason)
  }

  private func got(_ id: String, _ have: Int, _ all: Int) {
    guard let name = sentNames[id] else { return }
    outlet.report(.delivered(name: name, have: have, of: all))
    status.noteDelivery(name, have: have, of: all)
  }

  private func refused(_ id: String, code: String, reason: String, nickname: String) -> Bool {
    // Also if the transfer had ended before.
    if code == ErrorCode.noSuchFile.rawValue, outlet.cancelAnswered(id) { return true }
    // Both, whatever they return: an id may be a token as well.
    let isUpload = uploads.refused(id, code: code, reason: reason)
    let isDownload = downloads.refused(id, reason)
    let isLookup = outlet.outgoing.note { $0.listRefused(id) }
    if isLookup { perform(lookups.refused(reason), nickname: nickname) }
    return isUpload || isDownload || isLookup
  }

  private func move(to name: String) {
    defer { room = name }
    guard !room.isEmpty, name != room else { return }
    downloads.endAll("ended, because you went to another room")
    uploads.endAll("ended, because you went to another room")
  }

  // MARK: Connections

  /// The connection is lost.
  func interrupt() {
    outlet.forgetCancels()
    lookups.interrupt()
    downloads.interrupt()
    uploads.interrupt()
    updateHold()
  }

  /// The connection is there again, and the gap is closed.
  ///
  /// - Parameter isElsewhere: the room that transfers belong to is gone.
  func resume(isElsewhere: Bool) {
    if isElsewhere { endAll("ended, because the room is gone") }
    for id in lookups.resume() { outlet.outgoing.look(for: id) }
    downloads.resume()
    if !lookups.holdsUploads { uploads.resume() }
    updateHold()
  }
}
