internal import ChatClientModel
internal import ChatCore
internal import ChatCrypto
internal import ChatSystem

/// A download, from the first byte to the file's name.
///
/// What is here is always a prefix of the file, in its part; bytes are written and hashed as they come. What does not come
/// is asked for again, from where it broke off. A file whose checksum is wrong is compared block by block with the
/// server's sums, and fetched again from the first block that differs.
///
/// Owns: the open part.
///
/// Thread: its own.
final class FileDownload {
  private let offer: SharedFile
  private let service: any FileService
  private let gate: TransferGate
  private let control: TransferControl
  private let folder: DownloadFolder
  private let part: DownloadFolder.Part
  /// Displays a remark.
  private let remark: (String) -> Void

  private var attempts = TransferAttempts()
  /// How many bytes are here.
  private var length: UInt64 = 0
  /// Of what is here.
  private var hash: RunningHash
  /// The part after our last write, or before it was read: a difference shows that others write to it.
  private var status: FileStatus
  /// How often it was read again, because others wrote.
  private var readings = 0
  /// Why what comes can't be written.
  private var localFailure: TransferFailure?
  private var name: FileName { FileName(from: offer.name) }

  private init(
    _ offer: SharedFile, _ service: any FileService, _ gate: TransferGate,
    _ control: TransferControl, _ folder: DownloadFolder, remark: @escaping (String) -> Void
  ) throws {
    (self.offer, self.service, self.gate) = (offer, service, gate)
    (self.control, self.folder, self.remark) = (control, folder, remark)
    part = try folder.openPart(sha256: offer.digest.hex, size: offer.sizeBytes)
    (hash, status) = try (RunningHash(), part.file.status())
  }

  deinit { folder.close(part) }

  /// Fetches a file.
  ///
  /// - Parameter remark: displays a remark.
  static func run(
    _ offer: SharedFile, over service: any FileService, _ gate: TransferGate,
    _ control: TransferControl, into folder: DownloadFolder, remark: @escaping (String) -> Void
  ) -> TransferEnd {
    let download: FileDownload
    do {
      download = try FileDownload(offer, service, gate, control, folder, remark: remark)
    } catch {
      let reason = HashFailure(error).reason
      return .failed("cannot write to \(folder.path): \(reason)", hasBegun: false)
    }
    do throws(TransferFailure) {
      try download.prepare()
      return .saved(try download.fetchAndSave())
    } catch {
      guard case .reason(let reason) = error, !control.isCancelled else { return .cancelled }
      return .failed(reason, hasBegun: download.length > 0)
    }
  }

  // MARK: What is here

  /// Hashes what is here of the file already.
  private func prepare() throws(TransferFailure) {
    do {
      status = try part.file.status()
      length = min(status.sizeBytes, offer.sizeBytes)
      if status.sizeBytes > length { try truncate() }
      hash = try RunningHash()
      try hash.update(part.file, 0..<length, until: control)
    } catch {
      throw failure("cannot read what is here of it", error)
    }
  }

  private func truncate() throws {
    let isOurs = try part.file.status() == status
    try part.file.truncate(to: length)
    if isOurs { status = try part.file.status() }
  }

  /// Fetches what is missing, until the whole is right, and saves it.
  ///
  /// - Returns: the name under which it is saved.
  private func fetchAndSave() throws(TransferFailure) -> String {
    while true {
      if length < offer.sizeBytes { try fetch() }
      guard !control.isCancelled else { throw .cancelled }
      do {
        guard try folder.holds(part) else { throw HashFailure.moved }
        // What was hashed is what came. Only if the part still is that, it gets its name.
        if try part.file.status() == status {
          if try hash.finish() == offer.digest { return try folder.save(part, as: name) }
          try findDamage()
        } else {
          readings += 1
          guard readings <= TransferAttempts.limit else { throw HashFailure.changed }
          try prepare()
        }
      } catch {
        throw failure("cannot save it", error)
      }
    }
  }

  private func failure(_ reason: String, _ error: any Error) -> TransferFailure {
    if let error = error as? TransferFailure { return error }
    return control.isCancelled ? .cancelled : .reason("\(reason): \(HashFailure(error).reason)")
  }

  // MARK: What comes

  /// Fetches the rest, in as many attempts as it takes.
  private func fetch() throws(TransferFailure) {
    guard let session = gate.pass(control) else { throw .cancelled }
    guard session.token != nil else { throw .reason("the server sends no files by HTTP") }
    control.begin(at: length, of: offer.sizeBytes)
    try request { () throws(FileServiceError) in
      try service.fetch(offer, from: length) { write($0) }
    }
  }

  /// Writes what has come.
  ///
  /// - Returns: false if it can't be written.
  private func write(_ bytes: Span<UInt8>) -> Bool {
    do {
      // If others wrote, the status stays what it was: that is noticed at the end.
      let isOurs = try part.file.status() == status
      let (count, error) = part.file.write(bytes, at: length)
      if isOurs { status = try part.file.status() }
      length += UInt64(count)
      control.note(length)
      try hash.update(bytes.extracting(0..<count))
      if let error { throw error }
      return true
    } catch {
      localFailure = failure("cannot write \(name.received(1))", error)
      return false
    }
  }

  /// Makes a request, again if it is lost.
  private func request(
    _ body: () throws(FileServiceError) -> Void
  ) throws(TransferFailure) {
    while true {
      let start = length
      do throws(FileServiceError) { return try body() } catch {
        if let localFailure { throw localFailure }
        switch error {
        case .cancelled: throw .cancelled
        case .lost:
          if length > start {
            attempts.progress()
          } else if !attempts.loss() {
            throw .reason("the connection was lost three times; /get \(offer.id) goes on")
          }
        case .busy(let reason):
          guard attempts.busy() else { throw .reason(reason) }
        case .wrong, .mismatch, .forgotten:
          guard attempts.mistake() else { throw damaged }
        case .distrusted(let reason), .refused(let reason): throw .reason(reason)
        }
      }
      guard gate.pass(control, after: attempts) != nil else { throw .cancelled }
    }
  }

  private var damaged: TransferFailure {
    .reason("what came is not what was sent, three times; /get \(offer.id) tries again")
  }

  /// All is here, and the digest is wrong: keeps what precedes the first damaged block.
  private func findDamage() throws {
    let isLast = !attempts.mistake()
    var sums: [SHA256Digest] = []
    try request { () throws(FileServiceError) in sums = try service.sums(of: offer) }
    var good = try RunningHash.compare(part.file, size: length, with: sums, until: control)
    // No block is bad, and yet the file is: none of it can be trusted.
    if good.length == length { good = try HashedPart(length: 0, hash: RunningHash()) }
    (length, hash) = (good.length, good.hash)
    try truncate()
    guard !isLast else { throw damaged }
    remark("\(name) came damaged; the rest is fetched again")
  }
}
