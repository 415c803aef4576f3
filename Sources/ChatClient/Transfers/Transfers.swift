internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// The files that come and go over a conversation: what the server says of them, what a person wants, and what
/// other threads have done for them.
///
/// Thread: receive.
final class Transfers {
  /// So many offers, and so many files of ours, are remembered.
  static let mostRemembered = 1_000
  /// How often the status is shown.
  private static let statusInterval: Duration = .milliseconds(100)
  /// How long it is shown how many have a file of ours.
  private static let deliveryTime: Duration = .seconds(10)

  /// What becomes of a connection over which transfers do not go on.
  enum StallConsequence {
    case keep
    /// Another is needed.
    case lose
  }

  /// Why the server was asked for one file.
  enum Lookup {
    /// To get it.
    case wanted(String)
    /// To get the newest of this name; an id is none, for this reason.
    case named(String, refusal: String?)
    /// It is one of ours, sent before the connection was lost.
    case ours(String)
    /// It was offered while the connection was lost.
    case missed(String)
    /// The room was told of it, and the connection was lost before we were told its id: the whole list is asked for,
    /// whose first of that sender and name it is.
    case unnamed(Sent)

    /// What is asked for; empty for the whole list.
    var id: String {
      switch self {
      case .wanted(let id), .ours(let id), .missed(let id): id
      case .unnamed, .named: ""
      }
    }

    /// What a person wants; `nil` if nobody asked.
    var choice: String? {
      switch self {
      case .wanted(let choice), .named(let choice, _): choice
      case .ours, .missed, .unnamed: nil
      }
    }
  }

  /// What the room is told of a file.
  struct Sent: Equatable {
    let sender: String
    let name: String
  }

  // What is not private is shared with `TransferLists.swift`.

  let outlet: TransferOutlet
  let downloads: Downloads
  let uploads: Uploads
  private let mailbox: TransferMailbox
  /// Sets the row for the status; `nil` where there is none.
  private let setStatus: (@Sendable (String?) -> Void)?
  /// What is fetched as it is offered.
  private(set) var budget: AcceptBudget
  private let onlySends: Bool
  /// Whether a person is there who could ask for a file.
  var isTyped: Bool {
    get { outlet.isTyped }
    set { outlet.isTyped = newValue }
  }
  private var isHeld = false

  var offers = RecentFiles<FileOffer>(limit: mostRemembered)
  var sentNames = RecentFiles<String>(limit: mostRemembered)
  /// What was asked and is not answered, in order.
  var lookups = Fifo<Lookup>()
  /// A line of the room tells of a file, and the file itself is offered next.
  private var announced: Sent?
  /// The first of the answers has brought the file that it was asked for.
  var hasFound = false
  /// The answer to `/files` as far as it has come.
  var listed: [TransferNotice.Listed] = []
  /// What `/files` listed last: the ids that a person sees.
  var lastListed: [FileOffer] = []
  /// The files of the name that is looked for, newest first.
  var named: [FileOffer] = []
  /// Uploads go on once it is known what arrived.
  var resumesUploads = false
  private var room = ""

  private var watch = StallWatch(now: MonotonicTime.now.moment)
  /// How often the server has said something of a file, or sent of one.
  private var answers: UInt64 = 0

  private var nextStatus = MonotonicTime.now
  private var hasStatus = false
  private var delivery: (text: String, until: MonotonicTime)?

  init(
    options: ClientOptions, folder: Result<DownloadFolder, SystemError>, outgoing: OutgoingQueue,
    mailbox: TransferMailbox, worker: TransferWorker = TransferWorker(),
    setStatus: (@Sendable (String?) -> Void)?
  ) {
    outlet = TransferOutlet(outgoing)
    downloads = Downloads(
      folder, at: options.downloadFolder ?? ".", outlet: outlet, worker: worker, mailbox: mailbox)
    uploads = Uploads(outlet: outlet, worker: worker, mailbox: mailbox)
    (self.mailbox, self.setStatus) = (mailbox, setStatus)
    // Whoever only sends files wants none.
    onlySends = !options.filesToSend.isEmpty
    budget = AcceptBudget(fileBytes: onlySends ? 0 : options.autoAcceptBytes)
  }

  // MARK: What is wanted of a conversation

  /// Whether anything runs, waits, or is asked for.
  var isBusy: Bool { downloads.isBusy || uploads.isBusy || !lookups.isEmpty }

  /// Whether the server has to say something next.
  var isWaiting: Bool { downloads.isWaiting || uploads.isWaiting || !lookups.isEmpty }

  /// What is to be told, in order; each once.
  func takeNotices() -> [TransferNotice] { outlet.takeNotices() }

  /// When `endStalled` is to be asked next; `nil` if it need not be.
  var stallTime: MonotonicTime? { isBusy ? MonotonicTime(watch.nextLook) : nil }

  /// Ends what waits for a server that does nothing about it, if it is time.
  ///
  /// - Returns: what is to be done with the connection; `nil` if there is nothing to tell.
  func endStalled(on stream: any Transport) -> StallConsequence? {
    guard let time = stallTime, case let now = MonotonicTime.now, now >= time else { return nil }
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
    for choice in lookups.elements.compactMap(\.choice) { outlet.fail(choice, reason) }
    lookups.removeAll()
    settle()
    return hasLookups ? .lose : .keep
  }

  /// What goes of files; `nil` if none is being sent.
  func going(over stream: any Transport) -> LifeWatch.Going? {
    guard uploads.isUnderWay else { return nil }
    return .init(sentBytes: uploads.sentBytes, unacknowledgedBytes: stream.unacknowledgedBytes)
  }

  /// When the status is to be shown next; `nil` if it need not be.
  var statusTime: MonotonicTime? {
    guard setStatus != nil, hasStatus || isBusy || delivery != nil else { return nil }
    return nextStatus
  }

  /// Shows how far the transfers are, if it is time.
  func showStatus() {
    guard let time = statusTime, case let now = MonotonicTime.now, now >= time else { return }
    nextStatus = now + Self.statusInterval
    if let delivery, now >= delivery.until { self.delivery = nil }
    let parts = (downloads.progress(at: now.moment) + uploads.progress(at: now.moment)).map(\.text)
    let all = parts + (delivery.map { [$0.text] } ?? [])
    hasStatus = !all.isEmpty
    setStatus?(hasStatus ? all.joined(separator: "  ") : nil)
  }

  /// Does what other threads have to tell.
  func readMail() {
    // Before anything is taken: the input may end at the same time.
    hold(true)
    for message in mailbox.take() {
      switch message {
      case .send(let paths): uploads.send(paths)
      case .get(let id): get(id)
      case .cancel(let id):
        let isUpload = uploads.cancel(id)
        if !downloads.cancel(id), !isUpload { outlet.tell(.remark("nothing to cancel")) }
      case .leave: giveUp()
      case .inputEnded:
        if isBusy { outlet.tell(.remark("waiting for the files; Ctrl-C leaves at once")) }
      case .hashed(let number, let result): downloads.hashed(number, result)
      case .compared(let number, let result): downloads.compared(number, result)
      case .prepared(let number, let result): uploads.prepared(number, result)
      case .unreadable(let token, let reason): uploads.unreadable(token, reason)
      }
    }
    settle()
  }

  /// Waits, doing what other threads have to tell.
  func wait(until deadline: MonotonicTime) {
    while case let left = deadline - .now, left > .zero {
      if mailbox.wakeUp.wait(for: left) { readMail() }
    }
  }

  /// Sends files.
  ///
  /// Thread: main, before the receive thread starts.
  func send(_ paths: [FilePath]) {
    uploads.send(paths)
    settle()
  }

  private func giveUp() {
    downloads.giveUp()
    uploads.giveUp()
    lookups.removeAll()
  }

  /// All end, because of what happened to us.
  func endAll(_ reason: String) {
    downloads.endAll(reason)
    uploads.endAll(reason)
    for choice in lookups.elements.compactMap(\.choice) { outlet.fail(choice, reason) }
    lookups.removeAll()
    settle()
  }

  func look(_ lookup: Lookup) {
    lookups.append(lookup)
    outlet.outgoing.look(for: lookup.id)
  }

  /// As long as anything runs, we don't leave after the last line.
  private func settle() { hold(isBusy) }

  private func hold(_ isHeld: Bool) {
    guard isHeld != self.isHeld else { return }
    self.isHeld = isHeld
    outlet.outgoing.hold(isHeld)
  }

  // MARK: What the server says

  /// Follows a line.
  ///
  /// - Parameter nickname: one's own.
  /// - Returns: whether it is not to be shown as it is.
  func follow(_ line: ServerLine, nickname: String) -> Bool {
    defer { settle() }
    switch line {
    case .room(.sent(let sender, let name, _)):
      announced = Sent(sender: sender, name: name)
      return false
    // These may stand between it and what follows.
    case .transfer(.data), .transfer(.end), .transfer(.sums), .control(.ping), .control(.pong):
      break
    default: announced = nil
    }
    if follow(file: line, nickname: nickname) {
      // Others' files, and what others have, are no answers.
      switch line {
      case .transfer(.file), .transfer(.got): break
      default: answers += 1
      }
      return true
    }
    return false
  }

  private func follow(file line: ServerLine, nickname: String) -> Bool {
    switch line {
    case .session(.welcome(let room, _, _, let maxFileBytes)):
      uploads.mostBytes = maxFileBytes
      self.room = room
      return false
    case .session(.room(let name, _, _)):
      move(to: name)
      return false
    case .transfer(.file(let offer)):
      offered(offer, nickname: nickname)
      return true
    case .transfer(.data(let id, let offset, let size)):
      downloads.frame(id, offset: offset, size: size)
    case .transfer(.end(let id)): downloads.fileEnd(id)
    case .transfer(.sums(let words, let id, _, let isLast)):
      downloads.sums(words, id, isLast: isLast)
    case .transfer(.cancelled(let id)):
      if outlet.cancelAnswered(id) { return true }
      let reason =
        outlet.outgoing.isMoving
        ? "ended, because you go to another room" : "the server has ended it"
      downloads.cancelled(id, because: reason)
      uploads.cancelled(id, because: reason)
    case .transfer(.uploadStart(_, let token, let offset)): uploads.started(token, offset: offset)
    case .transfer(.got(let id, let have, let all)): got(id, have, all)
    case .transfer(.error(let code, let reason, let id)):
      return refused(id, code: code, reason: reason)
    case .transfer(.listed(let offer, let time)): return list(offer, time: time, nickname: nickname)
    case .transfer(.listEnd): listEnd()
    default: return false
    }
    return true
  }

  /// Some of a frame's bytes have come.
  func take(_ bytes: Span<UInt8>) {
    answers += 1
    downloads.bytes(bytes)
    settle()
  }

  func offered(_ offer: FileOffer, nickname: String) {
    offers[offer.id] = offer
    if offer.sender == nickname {
      sentNames[offer.id] = uploads.arrived(offer)
      return
    }
    let refusal = budget.accept(offer.size, now: MonotonicTime.now.moment)
    // Whoever only sends files need not know.
    if !onlySends {
      if let refusal, !isTyped {
        outlet.tell(.passedOver(offer, refusal))
      } else {
        outlet.tell(.offered(offer, isFetched: refusal == nil))
      }
    }
    guard refusal == nil else { return }
    // First: the input may end at the same time.
    hold(true)
    downloads.fetch(offer)
  }

  private func got(_ id: String, _ have: Int, _ all: Int) {
    guard let name = sentNames[id] else { return }
    let notice = TransferNotice.delivered(name: name, have: have, of: all)
    outlet.tell(notice)
    delivery = have < all ? ("\(name): \(have) of \(all) have it", .now + Self.deliveryTime) : nil
  }

  private func refused(_ id: String, code: String, reason: String) -> Bool {
    // Also where the transfer had come to its end before.
    if code == ErrorCode.noSuchFile.rawValue, outlet.cancelAnswered(id) { return true }
    // Both, whatever they return: an id may be a token as well.
    let isUpload = uploads.refused(id, code: code, reason: reason)
    let isDownload = downloads.refused(id, reason)
    let isLookup = outlet.outgoing.note { $0.listRefused(id) }
    if isLookup {
      let wanted = lookups[0]
      lookupAnswered()
      if case .wanted = wanted { look(.named(id, refusal: reason)) }
    }
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
    hasFound = false
    if let announced, lookups.count < Self.mostRemembered { lookups.append(.unnamed(announced)) }
    announced = nil
    downloads.interrupt()
    uploads.interrupt()
    settle()
  }

  /// The connection is there again, and what was missed is known.
  ///
  /// - Parameter isElsewhere: the room that transfers belong to is gone.
  func resume(isElsewhere: Bool) {
    if isElsewhere {
      endAll("ended, because the room is gone")
    }
    for lookup in lookups.elements { outlet.outgoing.look(for: lookup.id) }
    downloads.resume()
    resumesUploads = !lookups.isEmpty
    if !resumesUploads { uploads.resume() }
    settle()
  }
}
