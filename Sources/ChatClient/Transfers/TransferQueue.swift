internal import ChatClientModel
internal import ChatCore
internal import ChatHTTPClient
internal import ChatSystem

/// The transfers that run, each on a thread of its own, and those that wait for their turn.
///
/// Thread: confined to the main thread until the client is in, to the receive thread from then on.
final class TransferQueue {
  /// Limit: of the files that wait to be fetched, and to be sent.
  private static let mostDownloads = 1_000
  private static let mostUploads = 10_000
  /// Limit: of the downloads of which the server may still say something.
  private static let mostSaved = 64

  /// What is to be done.
  private enum Job: Sendable {
    case fetch(SharedFile)
    case send(FilePath)

    /// For a person.
    var name: String {
      switch self {
      case .fetch(let offer): FileName(from: offer.name).text
      case .send(let path): path.text
      }
    }

    /// What is not done if it is given up.
    var participle: String {
      switch self {
      case .fetch: "fetched"
      case .send: "sent"
      }
    }

    /// What makes a second one wait for the first: the id of what is fetched.
    var key: String? { if case .fetch(let offer) = self { offer.id } else { nil } }

    /// Whether it is what a person means: by the name, the id or its beginning; `nil` means all.
    func isMeant(by choice: String?) -> Bool {
      guard let choice else { return true }
      switch self {
      case .fetch(let offer):
        return offer.id == choice || name == choice
          || choice.count >= FileTable.shortestID && offer.id.hasPrefix(choice)
      case .send(let path):
        return path.text == choice || (try? FileName(path.decoded))?.text == choice
      }
    }
  }

  private final class Running {
    let number: Int
    let job: Job
    let control = TransferControl()
    /// Once bytes come or go.
    var rate: TransferRate?
    /// What became of it is displayed; its thread has not ended.
    var isOver = false

    init(_ number: Int, _ job: Job) { (self.number, self.job) = (number, job) }

    /// For a person.
    var name: String { control.source?.name.text ?? job.name }

    func end(_ ending: TransferControl.Ending) {
      isOver = true
      control.cancel(ending)
    }
  }

  private let folder: Result<DownloadFolder, SystemError>
  private let folderPath: FilePath
  private let outlet: TransferOutlet
  private let mailbox: TransferMailbox
  private let threads: TransferThreads
  private let makeService: @Sendable () throws -> any FileService
  private let gate: TransferGate

  private var running: [Running] = []
  private var waiting = Fifo<Job>()
  private var saved = RecentFiles<Bool>(limit: mostSaved)
  private var count = 0

  init(
    _ folder: Result<DownloadFolder, SystemError>, at path: FilePath, outlet: TransferOutlet,
    mailbox: TransferMailbox, threads: TransferThreads, gate: TransferGate,
    service: @escaping @Sendable () throws -> any FileService
  ) {
    (self.folder, folderPath) = (folder, path)
    (self.outlet, self.mailbox, self.threads) = (outlet, mailbox, threads)
    (self.gate, makeService) = (gate, service)
  }

  /// Whether any runs or waits.
  var isBusy: Bool { running.contains { !$0.isOver } || !waiting.isEmpty }

  /// How far they are.
  func progress(at now: Moment) -> [TransferProgress] {
    running.compactMap { transfer in
      guard !transfer.isOver, let (bytes, size) = transfer.control.progress else { return nil }
      var rate = transfer.rate ?? TransferRate(bytes: bytes, at: now)
      rate.note(bytes, at: now)
      transfer.rate = rate
      return TransferProgress(
        transfer.job.key == nil ? .up : .down, name: transfer.name, bytes: bytes, size: size,
        bytesPerSecond: rate.bytesPerSecond(at: now))
    }
  }

  /// How many bytes have come and gone, all added up.
  var passedBytes: UInt64 {
    running.reduce(0) { $0 &+ ($1.control.progress?.bytes ?? 0) }
  }

  /// Whether a file was fetched, lately.
  func hasSaved(_ id: String) -> Bool { saved[id] != nil }

  // MARK: Beginning

  /// Fetches a file, as soon as it is its turn.
  func fetch(_ offer: SharedFile) {
    let isUnderWay =
      running.contains { !$0.isOver && $0.job.key == offer.id }
      || waiting.elements.contains { $0.key == offer.id }
    guard !isUnderWay else { return }
    let downloads = waiting.elements.count { $0.key != nil }
    guard downloads < Self.mostDownloads else {
      return outlet.fail(
        FileName(from: offer.name).text, "too many files are waiting", hasBegun: false)
    }
    waiting.append(.fetch(offer))
    startNext()
  }

  /// Sends files, as soon as it is their turn.
  func send(_ paths: [FilePath]) {
    var uploads = waiting.elements.count { $0.key == nil }
    for path in paths {
      guard uploads < Self.mostUploads else {
        outlet.fail(path.text, "too many files are waiting", hasBegun: false)
        continue
      }
      uploads += 1
      waiting.append(.send(path))
    }
    startNext()
  }

  private func startNext() {
    var blocked: [Job] = []
    while running.count < Limits.transfersAtOnce, let job = waiting.popFirst() {
      // Its part is still open.
      if let key = job.key, running.contains(where: { $0.job.key == key }) {
        blocked.append(job)
      } else {
        start(job)
      }
    }
    guard !blocked.isEmpty else { return }
    let rest = waiting.elements
    waiting.removeAll()
    for job in blocked + rest { waiting.append(job) }
  }

  private func start(_ job: Job) {
    count += 1
    let transfer = Running(count, job)
    do {
      let run = try work(of: job, transfer.control, number: count)
      try threads.start(run)
      running.append(transfer)
    } catch {
      let reason = if case TransferFailure.reason(let reason) = error { reason } else { "\(error)" }
      outlet.fail(job.name, reason, hasBegun: false)
    }
  }

  /// What a transfer's thread does.
  private func work(
    of job: Job, _ control: TransferControl, number: Int
  ) throws -> @Sendable () -> Void {
    let (mailbox, gate, makeService) = (mailbox, gate, makeService)
    let end: @Sendable (any FileService) -> TransferEnd
    switch job {
    case .fetch(let offer):
      guard offer.sizeBytes <= UInt64(Int64.max) else {
        throw TransferFailure.reason("the server's offer makes no sense")
      }
      let folder: DownloadFolder
      do throws(SystemError) { folder = try self.folder.get() } catch {
        throw TransferFailure.reason("cannot write to \(folderPath): \(error.reason)")
      }
      end = { service in
        FileDownload.run(offer, over: service, gate, control, into: folder) {
          mailbox.post(.remark($0))
        }
      }
    case .send(let path):
      end = { service in FileUpload.run(path, over: service, gate, control) }
    }
    return {
      do {
        let service = try makeService()
        control.onCancel { [weak service] in service?.cancel() }
        mailbox.post(.ended(number, end(service)))
      } catch {
        let reason = (error as? HTTPFailure)?.reason ?? "\(error)"
        mailbox.post(.ended(number, .failed(reason, hasBegun: false)))
      }
    }
  }

  // MARK: Ending

  /// A transfer's thread has ended.
  func ended(_ number: Int, _ end: TransferEnd) {
    guard let index = running.firstIndex(where: { $0.number == number }) else { return }
    let transfer = running.remove(at: index)
    if !transfer.isOver { report(end, of: transfer) }
    startNext()
  }

  private func report(_ end: TransferEnd, of transfer: Running) {
    switch (end, transfer.job) {
    case (.saved(let name), .fetch(let offer)):
      guard let folder = try? folder.get() else { break }
      saved[offer.id] = true
      outlet.outgoing.reply(TaggedLine("GOT", offer.id))
      outlet.report(
        .saved(
          id: offer.id, name: name, path: folder.path(of: name).bytes, size: offer.sizeBytes))
    case (.sent(let id), .send):
      outlet.sent(id: id, transfer.name, size: transfer.control.source?.size ?? 0)
    case (.failed(let reason, let hasBegun), _):
      outlet.fail(transfer.name, reason, hasBegun: hasBegun)
    case (.saved, _), (.sent, _), (.cancelled, _): break
    }
  }

  /// A file of the client's own is offered to the room.
  func arrived(_ offer: SharedFile) {
    let same = running.filter { transfer in
      !transfer.isOver && transfer.control.source?.digest == offer.digest
        && transfer.control.source?.size == offer.sizeBytes
    }
    // Of several with the same bytes it is not known which: the server answers each.
    guard same.count == 1, let transfer = same.first else { return }
    outlet.sent(id: offer.id, transfer.name, size: offer.sizeBytes)
    transfer.end(.arrived)
  }

  /// Ends a transfer because a person wants it, or all of them.
  ///
  /// - Parameter choice: its name, or its id or the beginning of one.
  /// - Returns: whether there was any.
  func cancel(_ choice: String?) -> Bool {
    let dropped = waiting.removeAll { $0.isMeant(by: choice) }
    outlet.report(dropped: dropped.map { "\($0.name) is not \($0.participle)" })
    var hasFound = !dropped.isEmpty
    for transfer in running where !transfer.isOver && transfer.job.isMeant(by: choice) {
      hasFound = true
      let hint = transfer.job.key.map { "; /get \($0) goes on" } ?? ""
      outlet.report(.remark("\(transfer.name) is not \(transfer.job.participle)\(hint)"))
      transfer.end(.unwanted)
    }
    return hasFound
  }

  /// The client leaves: nothing is fetched and sent any more.
  func giveUp() {
    let left = running.filter { !$0.isOver }
    let names =
      left.map { "\($0.name) is not \($0.job.participle)" }
      + waiting.elements.map { "\($0.name) is not \($0.participle)" }
    outlet.report(dropped: names)
    waiting.removeAll()
    for transfer in left { transfer.end(.interrupted) }
  }

  /// Ends all, because of what happened to the client.
  func endAll(_ reason: String) {
    for job in waiting.elements { outlet.fail(job.name, reason) }
    waiting.removeAll()
    for transfer in running where !transfer.isOver {
      outlet.fail(transfer.name, reason)
      transfer.end(.interrupted)
    }
  }
}
