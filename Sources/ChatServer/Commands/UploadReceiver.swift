internal import ChatCore
internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// Receives the files that a client uploads, framed or classic, and announces them to the room.
///
/// Bytes are written as they come in.
///
/// Thread: its session's.
struct UploadReceiver {
  /// Frames smaller than this cost as much as lines: no program of ours sends many.
  private static let freeFrameBytes: UInt64 = 4_096
  /// An announcement costs as much as so many lines: everyone in the room is told of it by name.
  private static let announcementTokens = 20
  /// How many bytes may wait in the system for us to read them.
  private static let unreadBytes: CInt = 262_144
  /// How often it is checked whether uploads make progress.
  private static let checkInterval: Duration = .seconds(1)

  private let client: ConnectedClient
  private var uploads = OpenUploads()
  /// When it is checked next whether uploads make progress.
  private var nextProgressCheck = MonotonicTime.now

  init(_ client: ConnectedClient) { self.client = client }

  /// Whether an upload is under way.
  var isActive: Bool { nextCheck != nil }

  /// When `endStalled` has to be called; `nil` if no upload is under way.
  var nextCheck: MonotonicTime? { uploads.expiry.map { min($0, nextProgressCheck) } }

  // MARK: Beginning

  /// Begins a framed upload, and answers how much of it is here already.
  mutating func begin(_ name: String, _ header: ClientLine.UploadHeader) {
    do throws(Refusal) {
      guard uploads.framed[header.token] == nil else {
        throw Refusal(.badTag, "an upload with this id is in progress")
      }
      let upload = try open(
        try FileName(name), size: header.size, digest: header.digest)
      uploads.begin(header.token, upload)
      client.answer([
        .transfer(
          .uploadStart(
            name: upload.name.text, token: header.token, offset: upload.target.receivedBytes))
      ])
    } catch {
      // Its frames may be on their way.
      if error.code != .badTag { uploads.end(header.token) }
      client.answer([.error(error, id: header.token)])
    }
  }

  /// Begins a file in classic form.
  ///
  /// - Throws: `Refusal`; its bytes are read and dropped.
  mutating func beginClassic(_ name: String) throws(Refusal) {
    uploads.classic = try open(try FileName(name), size: nil, digest: nil)
    uploads.sink = .classic
  }

  private func open(
    _ name: FileName, size: UInt64?, digest: SHA256Digest?
  ) throws(Refusal) -> OpenUploads.Entry {
    let (peer, server) = (client.peer, client.server)
    guard let files = server.files, server.largestFileBytes > 0 else {
      throw Refusal(.fileRefused, "this server stores no files")
    }
    guard size ?? 0 <= server.largestFileBytes else { throw tooLarge }
    guard uploads.framed.count < Limits.uploadsAtOnce,
      let slot = server.transfers.beginUpload(from: AddressBlock(of: peer.address))
    else {
      throw Refusal(.fileRefused, "too many uploads at once; try again later")
    }
    // What has come in and is not written yet is lost if the server is killed.
    peer.transport.keepUnreadBytes(below: Self.unreadBytes)
    do throws(ShelfError) {
      let target = try files.beginUpload(
        resumeKey: client.nickname?.key, digest: digest, size: size,
        from: AddressBlock(of: peer.address))
      target.makeWay = { [transfers = server.transfers] in transfers.makeWay(for: slot) }
      return OpenUploads.Entry(
        name: name, target: target, slot: slot, expiry: .now + server.options.readerTimeout)
    } catch {
      throw refusal(error)
    }
  }

  // MARK: Bytes

  /// Begins a frame.
  ///
  /// - Throws: `Refusal` if it belongs to no upload; its bytes are read and dropped.
  mutating func beginFrame(
    _ token: String, offset: UInt64?, size: UInt64
  ) throws(Refusal) {
    guard let upload = uploads.framed[token] else {
      if uploads.isOver(token) { return }
      throw .noSuchUpload
    }
    guard size <= Limits.frameBytes else {
      throw Refusal(.badTag, "a frame has at most \(Limits.frameBytes) bytes")
    }
    do throws(ShelfError) {
      if !upload.hasBegun {
        try upload.target.rewind(to: offset ?? 0)
        uploads.framed[token]?.hasBegun = true
        try hashExisting(upload)
      } else if let offset, offset != upload.target.receivedBytes {
        throw .badOffset
      }
      uploads.sink = .framed(token)
      if size >= Self.freeFrameBytes { client.refundLine() }
    } catch {
      end(token, refusal(error))
    }
  }

  /// Reads what is here of an interrupted upload again, at its sender's expense.
  private func hashExisting(_ upload: OpenUploads.Entry) throws(ShelfError) {
    client.beginWork()
    while try !upload.target.hashSome() {
      guard client.charge() else { return }
    }
  }

  /// Takes raw bytes.
  mutating func takeBytes(_ bytes: Span<UInt8>) {
    switch uploads.sink {
    case .nowhere: break
    case .framed(let token):
      guard let upload = uploads.framed[token] else { break }
      do throws(Refusal) {
        try write(bytes, to: upload)
        uploads.framed[token]?.expiry = .now + client.server.options.readerTimeout
        try note(UInt64(bytes.count), of: upload)
      } catch {
        uploads.sink = .nowhere
        end(token, error)
      }
    case .classic:
      guard let upload = uploads.classic else { break }
      do throws(Refusal) {
        let size = upload.target.receivedBytes + UInt64(bytes.count)
        guard size <= client.server.largestFileBytes else { throw tooLarge }
        try write(bytes, to: upload)
        uploads.classic?.expiry = .now + client.server.options.readerTimeout
        try note(UInt64(bytes.count), of: upload)
      } catch {
        endClassic(error)
      }
    }
  }

  private func write(_ bytes: Span<UInt8>, to upload: OpenUploads.Entry) throws(Refusal) {
    client.noteFileBytes(bytes.count)
    do throws(ShelfError) {
      try bytes.withUnsafeBytes { bytes throws(ShelfError) in try upload.target.append(bytes) }
    } catch {
      throw refusal(error)
    }
  }

  /// Notes progress.
  ///
  /// - Throws: `Refusal` if the upload is too slow, or has to make way.
  private func note(_ count: UInt64, of upload: OpenUploads.Entry) throws(Refusal) {
    if let reason = upload.slot.note(count).reason { throw Refusal(.fileRefused, reason) }
  }

  /// The raw bytes that follow a line have ended.
  mutating func endBytes() {
    defer { uploads.sink = .nowhere }
    guard uploads.sink == .classic, let upload = uploads.classic else { return }
    uploads.classic = nil
    do throws(Refusal) { try finish(upload) } catch { client.refuse(error) }
  }

  // MARK: Ending

  /// Ends an upload all of whose frames have come.
  mutating func finish(_ token: String?) throws(Refusal) {
    guard let token else { throw Refusal(.badTag, "no file is being sent") }
    guard let upload = uploads.framed[token] else {
      if uploads.isOver(token) { return }
      throw .noSuchUpload
    }
    do throws(Refusal) {
      try finish(upload)
      uploads.framed[token] = nil
    } catch {
      end(token, error)
    }
  }

  /// Stores a file and announces it.
  private func finish(_ upload: OpenUploads.Entry) throws(Refusal) {
    client.flush()
    let stored: StoredContent
    do throws(ShelfError) {
      try hashExisting(upload)
      guard client.closeReason == nil else { return }
      stored = try upload.target.finish()
    } catch {
      throw refusal(error)
    }
    guard try client.announce(stored, named: upload.name) != nil else { return }
    client.spend(Self.announcementTokens)
  }

  /// Ends an upload, and tells its sender why.
  private mutating func end(_ token: String, _ refusal: Refusal) {
    let isMismatch = refusal.code == .fileMismatch && refusal != .badOffset
    uploads.framed[token]?.target.abandon(keepsPartial: !isMismatch)
    uploads.end(token)
    client.answer([.error(refusal, id: token)])
  }

  private mutating func endClassic(_ refusal: Refusal) {
    uploads.sink = .nowhere
    uploads.classic = nil
    client.refuse(refusal)
  }

  /// Ends an upload because its sender asked for it.
  ///
  /// - Returns: whether there was one.
  mutating func cancel(_ token: String) -> Bool {
    guard let upload = uploads.framed[token] else { return false }
    upload.target.abandon(keepsPartial: false)
    uploads.end(token)
    return true
  }

  /// Whether an upload with this token is over, and its sender may not know yet.
  func isOver(_ token: String) -> Bool { uploads.isOver(token) }

  /// Ends the uploads that have made too little progress; what is here of them can be resumed.
  mutating func endStalled() {
    nextProgressCheck = .now + Self.checkInterval
    for (token, upload) in uploads.framed {
      do throws(Refusal) { try checkProgress(of: upload) } catch { end(token, error) }
    }
    if let upload = uploads.classic {
      do throws(Refusal) { try checkProgress(of: upload) } catch { endClassic(error) }
    }
  }

  private func checkProgress(of upload: OpenUploads.Entry) throws(Refusal) {
    guard upload.expiry > .now else {
      throw Refusal(.fileRefused, "the upload made no progress for too long")
    }
    try note(0, of: upload)
  }

  /// Ends all uploads, since they are for the room that the client leaves.
  mutating func endAll() {
    for token in uploads.framed.keys.sorted() {
      end(token, Refusal(.fileRefused, "you have left the room of this upload"))
    }
  }

  /// Lets go of all uploads, since the session ends; what is here of them can be resumed.
  mutating func drop() { uploads = OpenUploads() }

  // MARK: Refusals

  private var tooLarge: Refusal {
    Refusal(
      .fileTooLarge, "a file has at most \(ByteCount.text(client.server.largestFileBytes)) here")
  }

  private func refusal(_ error: ShelfError) -> Refusal {
    if case .badOffset = error { return .badOffset }
    return client.server.refusal(error)
  }
}

extension Refusal {
  /// A frame does not continue where the one before it ended: the upload stays as it was.
  fileprivate static let badOffset = Refusal(
    .fileMismatch, "the frame does not continue where the received bytes end")
  fileprivate static let noSuchUpload = Refusal(.noSuchFile, "no upload has this id")
}
