internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The files that come and go over a conversation: what the server says of them, what a person wants, and what other
/// threads have done for them.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class FileTransfers {
  private let outlet: TransferOutlet
  private let queue: TransferQueue
  private let gate: TransferGate
  private let mailbox: TransferMailbox
  private var status: TransferStatus
  /// What is fetched as it is offered.
  private var budget: AcceptBudget
  private let onlySends: Bool
  private var isHeld = false

  private var lookups = FileLookups()
  private var room = ""

  private let clock: ClientClock
  private var watch: StallWatch
  /// How often the server has answered a question about files.
  private var answers: UInt64 = 0

  /// - Parameters:
  ///   - isTyped: a person is there, who could ask for a file.
  ///   - threads: the transfers'.
  ///   - service: makes what one transfer's requests go over.
  ///   - setStatus: sets the row for the status; `nil` where there is none.
  init(
    options: ClientOptions, isTyped: Bool, folder: Result<DownloadFolder, SystemError>,
    outgoing: OutgoingQueue, mailbox: TransferMailbox, threads: TransferThreads,
    clock: ClientClock, service: @escaping @Sendable () throws -> any FileService,
    setStatus: (@Sendable (String?) -> Void)?
  ) {
    outlet = TransferOutlet(outgoing, isTyped: isTyped)
    gate = TransferGate(waits: threads.waits) { mailbox.post(.sign) }
    queue = TransferQueue(
      folder, at: options.downloadFolder ?? ".", outlet: outlet, mailbox: mailbox,
      threads: threads, gate: gate, service: service)
    (self.mailbox, self.clock) = (mailbox, clock)
    watch = StallWatch(now: clock.moment)
    status = TransferStatus(clock: clock, set: setStatus)
    // A client that only sends files wants none.
    onlySends = !options.filesToSend.isEmpty
    budget = AcceptBudget(fileBytes: onlySends ? 0 : options.autoAcceptBytes)
  }

  /// Whether anything runs, waits, or is asked for.
  var isBusy: Bool { queue.isBusy || !lookups.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { !lookups.isEmpty }

  /// How many bytes have come and gone, of those that run: more than before are a sign that the server lives.
  var passedBytes: UInt64 { queue.passedBytes }

  /// What is to be displayed, in order; each once.
  func takeNotices() -> [TransferNotice] { outlet.takeNotices() }

  // MARK: The status

  /// When the status is to be displayed next; `nil` if it need not be.
  var statusTime: MonotonicTime? { status.nextTime(isBusy: isBusy) }

  /// Displays how far the transfers are, if it is time.
  func displayStatus() {
    status.update(isBusy: isBusy) { queue.progress(at: $0) }
  }

  // MARK: Silence

  /// When `endStalled` is to be asked next; `nil` if it need not be.
  var stallTime: MonotonicTime? { lookups.isEmpty ? nil : MonotonicTime(watch.nextLook) }

  /// Ends the questions that a server does nothing about, if it is time.
  ///
  /// - Returns: whether they have ended. Then another connection is needed: an answer that comes all the same must not be
  ///   taken for another's.
  func endStalled() -> Bool {
    guard let time = stallTime, case let now = clock.now, now >= time,
      watch.isStalled(answers, now: now.moment)
    else { return false }
    let reason = "the server has done nothing about it for \(StallWatch.limit.components.seconds) s"
    for choice in lookups.removeAll() { outlet.fail(choice, reason) }
    updateHold()
    return true
  }

  // MARK: What other threads say

  /// Does what the messages of other threads ask for.
  func readMail() {
    // Before anything is taken: the input may end at the same time.
    hold(true)
    for message in mailbox.take() {
      switch message {
      case .send(let paths): queue.send(paths)
      case .get(let choice): perform([lookups.get(choice)], nickname: "")
      case .cancel(let choice):
        if !queue.cancel(choice) { outlet.report(.remark("nothing to cancel")) }
      case .leave:
        queue.giveUp()
        _ = lookups.removeAll()
      case .inputEnded:
        if isBusy { outlet.report(.remark("waiting for the files; Ctrl-C leaves at once")) }
      case .ended(let number, let end): queue.ended(number, end)
      case .remark(let text): outlet.report(.remark(text))
      case .sign:
        if gate.isOpen { outlet.outgoing.reply(TaggedLine("PING", LifeWatch.token)) }
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
    queue.send(paths)
    updateHold()
  }

  /// Ends all, because of what happened to the client.
  func endAll(_ reason: String) {
    queue.endAll(reason)
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
    if queue.isBusy { gate.noteSign() }
    lookups.follow(line)
    switch line {
    case .session(.welcome(let room, _, _, let mostBytes, let token)):
      gate.note { $0 = .init(token: token, room: room, mostBytes: mostBytes) }
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
      case .fetch(let offer): queue.fetch(offer)
      case .fetchNewest(let offer, let count):
        outlet.report(
          .remark(
            "\(FileName(from: offer.name)): the newest of \(count), from \(offer.sender) "
              + "(\(ByteCount.text(offer.sizeBytes)))"))
        queue.fetch(offer)
      case .offered(let offer): offered(offer, nickname: nickname)
      case .arrived(let offer): arrived(offer)
      case .ask(let id): ask(for: id)
      case .fail(let name, let reason): outlet.fail(name, reason, hasBegun: false)
      case .display(let files): outlet.report(.files(files))
      case .resumeTransfers: gate.open()
      }
    }
  }

  private func ask(for id: String) {
    outlet.outgoing.look(for: id)
    watch = StallWatch(now: clock.moment)
  }

  /// A line was missed that reports a file.
  func missed(_ line: ServerLine, file: String, nickname: String) {
    lookups.missed(line, file: file, nickname: nickname, acceptsAny: budget.acceptsAny)
  }

  private func offered(_ offer: SharedFile, nickname: String) {
    lookups.remember(offer)
    guard offer.sender != nickname else { return arrived(offer) }
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
    queue.fetch(offer)
  }

  /// A file of the client's own is offered to the room.
  private func arrived(_ offer: SharedFile) {
    // The server may have said so by HTTP before.
    if outlet.sentName(of: offer.id) == nil { queue.arrived(offer) }
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

  private func got(_ id: String, _ have: Int, _ all: Int) {
    guard let name = outlet.sentName(of: id) else { return }
    outlet.report(.delivered(name: name, have: have, of: all))
    status.noteDelivery(name, have: have, of: all)
  }

  private func refused(_ id: String, code: String, reason: String, nickname: String) -> Bool {
    let isLookup = outlet.outgoing.note { $0.listRefused(id) }
    if isLookup { perform(lookups.refused(reason), nickname: nickname) }
    // The sender of a file that is gone meanwhile need not know who has it.
    return isLookup || queue.hasSaved(id)
  }

  private func move(to name: String) {
    if !room.isEmpty, name != room { queue.endAll("ended, because you went to another room") }
    // Not before: none of them may go into this room.
    gate.note { $0.room = name }
    room = name
  }

  // MARK: Connections

  /// The connection is lost. What comes and goes over others goes on.
  func interrupt() {
    gate.close()
    lookups.interrupt()
    updateHold()
  }

  /// The connection is there again, and the gap is closed.
  ///
  /// - Parameter isElsewhere: the room that transfers belong to is gone.
  func resume(isElsewhere: Bool) {
    if isElsewhere { endAll("ended, because the room is gone") }
    for id in lookups.resume() { ask(for: id) }
    if !lookups.holdsTransfers { gate.open() }
    updateHold()
  }
}
