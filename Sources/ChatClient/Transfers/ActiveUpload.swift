internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// An upload that runs: its file, and how far it has got.
///
/// The worker opens and hashes the file, the write thread reads and sends its frames.
///
/// Thread: receive.
final class ActiveUpload {
  /// The worker's and the mailbox's name for it.
  let number: Int
  let path: FilePath
  private(set) var state = UploadState()
  private(set) var file: PreparedFile?

  private let outlet: TransferOutlet
  private let clock: ClientClock
  /// Is called once, when it has ended.
  private let onEnd: (ActiveUpload) -> Void
  /// Stops what the worker does for it.
  private let cancelFlag = CancelFlag()
  private var rate: TransferRate
  private var hasEnded = false

  init(
    number: Int, path: FilePath, outlet: TransferOutlet, clock: ClientClock,
    onEnd: @escaping (ActiveUpload) -> Void
  ) {
    (self.number, self.path) = (number, path)
    (self.outlet, self.clock, self.onEnd) = (outlet, clock, onEnd)
    rate = TransferRate(bytes: 0, at: clock.moment)
  }

  /// The server's name for it.
  var token: String { "\(number)" }

  /// The name to display.
  var name: String { file?.name.text ?? path.text }

  /// Whether the server knows of it, and has not got it.
  var isUnderWay: Bool { state.phase == .announced || state.phase == .sending }

  /// How much has been sent; all of it, if no frame is left.
  var sentBytes: UInt64 { outlet.outgoing.sentBytes(of: token) ?? state.size }

  /// Whether the server has to say something next.
  var isWaiting: Bool {
    switch state.phase {
    case .announced: true
    case .sending: outlet.outgoing.sentBytes(of: token) == nil
    case .preparing, .interrupted: false
    }
  }

  /// How far it is.
  func progress(at now: Moment) -> TransferProgress {
    let bytes = sentBytes
    rate.note(bytes, at: now)
    return TransferProgress(
      .up, name: name, bytes: bytes, size: state.size,
      bytesPerSecond: rate.bytesPerSecond(at: now))
  }

  // MARK: The end

  /// Ends it.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    cancelFlag.cancel()
    outlet.outgoing.stopSending(token)
    onEnd(self)
  }

  /// Ends it with an error.
  ///
  /// - Parameter tellsServer: the server does not know yet.
  func fail(_ reason: String, tellsServer: Bool = false) {
    if tellsServer { outlet.cancel(token) }
    outlet.fail(name, reason, hasBegun: state.hasBegun)
    end()
  }

  // MARK: What happens

  /// Opens and hashes the file.
  ///
  /// - Parameter limit: the largest that the server takes.
  func prepare(limit: UInt64, worker: FileWorker, mailbox: TransferMailbox) {
    worker.run { [number, path, flag = cancelFlag] in
      do throws(UploadFailure) {
        let file = try PreparedFile(path: path, limit: limit, until: flag)
        mailbox.post(.prepared(number, .success(file)))
      } catch {
        mailbox.post(.prepared(number, .failure(error)))
      }
    }
  }

  /// The file is opened and hashed.
  func prepared(_ result: Result<PreparedFile, UploadFailure>) {
    switch result {
    case .success(let file):
      self.file = file
      perform { $0.prepared(size: file.size) }
    case .failure(let failure): fail(failure.reason)
    }
  }

  /// Something has changed the state.
  func perform(_ event: (inout UploadState) -> UploadState.Step) {
    let step = event(&state)
    guard let file else { return }
    switch step {
    case .nothing: break
    case .announce:
      outlet.outgoing.request(
        TaggedLine(
          "FILE", file.name.text,
          [.init("id", token), .init("size", "\(file.size)"), .init("sha256", file.digest.hex)]))
    case .send(let offset):
      rate = TransferRate(bytes: offset, at: clock.moment)
      outlet.outgoing.send(file, token: token, from: offset)
    case .fail(let reason): fail(reason)
    }
  }
}
