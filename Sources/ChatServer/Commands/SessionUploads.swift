internal import ChatCore
internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// What a client sends: files, framed or classic. They are written as they come in, by the client's own thread.
extension Session {
  /// Frames smaller than this cost as much as lines: no program of ours sends many.
  private static let freeFrameBytes: UInt64 = 4_096
  /// An announcement costs as much as so many lines: everyone in the room is told of it by name.
  private static let announcementTokens = 20
  /// How many bytes may wait in the system for us to read them.
  private static let unreadBytes: CInt = 262_144

  // MARK: Beginning

  /// A framed upload is announced: whoever announced it is told how much of it is here.
  func beginUpload(_ name: String, _ header: ClientLine.Upload, _ buffers: WorkBuffers) {
    do throws(Refusal) {
      guard uploads.framed[header.token] == nil else {
        throw Refusal(.badTag, "an upload with this id is under way")
      }
      let upload = try open(
        try FileName(name), size: header.size, digest: SHA256Digest(hex: header.sha256))
      uploads.begin(header.token, upload)
      answer(
        [
          .uploadStart(
            name: upload.name.text, token: header.token, offset: upload.target.receivedBytes)
        ], buffers)
    } catch {
      // Its frames may be on their way.
      if error.code != .badTag { uploads.end(header.token) }
      answer([.error(error, id: header.token)], buffers)
    }
  }

  /// A file in classic form begins.
  ///
  /// - Throws: `Refusal`; its bytes are read and forgotten.
  func beginClassicUpload(_ name: String) throws(Refusal) {
    uploads.classic = try open(try FileName(name), size: nil, digest: nil)
    uploads.sink = .classic
  }

  private func open(
    _ name: FileName, size: UInt64?, digest: SHA256Digest?
  ) throws(Refusal) -> Uploads.Upload {
    guard let files = server.files, server.mostFileBytes > 0 else {
      throw Refusal(.fileRefused, "this server keeps no files")
    }
    guard size ?? 0 <= server.mostFileBytes else { throw tooLarge }
    guard uploads.framed.count < Limits.uploadsAtOnce,
      let slot = server.transfers.beginUpload(from: AddressBlock(of: peer.address))
    else {
      throw Refusal(.fileRefused, "too many files are coming in at once; try again later")
    }
    // What has come in and is not written yet is lost if the server is killed.
    peer.stream.keepUnreadBytes(below: Self.unreadBytes)
    do throws(ShelfError) {
      let target = try files.beginUpload(
        resumeKey: nickname?.key, digest: digest, size: size, from: AddressBlock(of: peer.address))
      target.makeWay = { [transfers = server.transfers] in transfers.makeWay(for: slot) }
      return Uploads.Upload(
        name: name, target: target, slot: slot, expiry: .now + server.options.readerTimeout)
    } catch {
      throw refusal(error)
    }
  }

  // MARK: Bytes

  /// A frame begins.
  ///
  /// - Throws: `Refusal` if it belongs to nothing; its bytes are read and forgotten.
  func beginFrame(
    _ token: String, offset: UInt64?, size: UInt64, _ buffers: WorkBuffers
  ) throws(Refusal) {
    guard let upload = uploads.framed[token] else {
      if uploads.isOver(token) { return }
      throw Refusal(.noSuchFile, "no upload has this id")
    }
    guard size <= Limits.frameBytes else {
      throw Refusal(.badTag, "a frame has at most \(Limits.frameBytes) bytes")
    }
    do throws(ShelfError) {
      if !upload.hasBegun {
        try upload.target.rewind(to: offset ?? 0)
        uploads.framed[token]?.hasBegun = true
        try readAgain(upload, buffers)
      } else if let offset, offset != upload.target.receivedBytes {
        throw .badOffset
      }
      uploads.sink = .framed(token)
      if size >= Self.freeFrameBytes { giveBackToken() }
    } catch {
      end(token, refusal(error), buffers)
    }
  }

  /// What is there of an interrupted upload has to be read again, by whoever is there to go on with it.
  private func readAgain(
    _ upload: Uploads.Upload, _ buffers: WorkBuffers
  ) throws(ShelfError) {
    meter = WorkMeter(at: ThreadTime.nanoseconds)
    while try !upload.target.hashSome() {
      guard charge(buffers) else { return }
    }
  }

  /// Some raw bytes have come.
  func takeBytes(_ bytes: Span<UInt8>, _ buffers: WorkBuffers) {
    switch uploads.sink {
    case .nowhere: break
    case .framed(let token):
      guard let upload = uploads.framed[token] else { break }
      do throws(ShelfError) {
        try write(bytes, to: upload)
        uploads.framed[token]?.expiry = .now + server.options.readerTimeout
      } catch {
        uploads.sink = .nowhere
        return end(token, refusal(error), buffers)
      }
      if let refusal = note(UInt64(bytes.count), of: upload) {
        uploads.sink = .nowhere
        end(token, refusal, buffers)
      }
    case .classic:
      guard let upload = uploads.classic else { break }
      let size = upload.target.receivedBytes + UInt64(bytes.count)
      guard size <= server.mostFileBytes else { return endClassic(tooLarge, buffers) }
      do throws(ShelfError) {
        try write(bytes, to: upload)
        uploads.classic?.expiry = .now + server.options.readerTimeout
      } catch {
        return endClassic(refusal(error), buffers)
      }
      if let refusal = note(UInt64(bytes.count), of: upload) { endClassic(refusal, buffers) }
    }
  }

  /// Notes how much has come of an upload; says why it is over if it is.
  private func note(_ count: UInt64, of upload: Uploads.Upload) -> Refusal? {
    upload.slot.note(count).reason.map { Refusal(.fileRefused, $0) }
  }

  private func write(_ bytes: Span<UInt8>, to upload: Uploads.Upload) throws(ShelfError) {
    fileBytes += bytes.count
    try bytes.withUnsafeBytes { bytes throws(ShelfError) in try upload.target.append(bytes) }
  }

  /// The raw bytes have ended.
  func endBytes(_ buffers: WorkBuffers) {
    defer { uploads.sink = .nowhere }
    guard uploads.sink == .classic, let upload = uploads.classic else { return }
    uploads.classic = nil
    do throws(Refusal) { try finish(upload, buffers) } catch { refuse(error, buffers) }
  }

  // MARK: Ending

  /// All frames of an upload have come.
  func endUpload(_ token: String?, _ buffers: WorkBuffers) throws(Refusal) {
    guard let token else { throw Refusal(.badTag, "no file is being sent") }
    guard let upload = uploads.framed[token] else {
      if uploads.isOver(token) { return }
      throw Refusal(.noSuchFile, "no upload has this id")
    }
    do throws(Refusal) {
      try finish(upload, buffers)
      uploads.framed[token] = nil
    } catch {
      end(token, error, buffers)
    }
  }

  /// Puts a file on the shelf and announces it.
  private func finish(_ upload: Uploads.Upload, _ buffers: WorkBuffers) throws(Refusal) {
    guard let files = server.files, let room, let nickname else { return }
    flush(buffers)
    let stored: StoredContent
    do throws(ShelfError) {
      try readAgain(upload, buffers)
      guard reason == nil else { return }
      stored = try upload.target.finish()
    } catch {
      throw refusal(error)
    }
    let file = KeptFile(
      id: FileShelf.makeID(), name: upload.name.text, room: room.name.text, sender: nickname.text,
      sizeBytes: stored.sizeBytes, digest: stored.digest,
      timeMilliseconds: WallClock.milliseconds)
    guard files.announce(file, of: stored) else {
      throw Refusal(.fileRefused, "the server can't keep the file now")
    }
    if peer.speaksVersion1 { server.deliveries.begin(file.id, by: peer) }
    guard let (offered, sequence) = room.announce(file, by: peer) else {
      reason = .shuttingDown
      return
    }
    files.setSequence(sequence, of: file.id)
    server.deliveries.note(file.id, offered: offered)
    server.log.debug("\(nickname.text) sent a file of \(file.sizeBytes) bytes")
    spend(Self.announcementTokens, buffers)
  }

  /// An upload is over, and its sender is told why.
  private func end(_ token: String, _ refusal: Refusal, _ buffers: WorkBuffers) {
    let isMismatch = refusal.code == .fileMismatch && refusal != .badOffset
    uploads.framed[token]?.target.abandon(keepsPartial: !isMismatch)
    uploads.end(token)
    answer([.error(refusal, id: token)], buffers)
  }

  private func endClassic(_ refusal: Refusal, _ buffers: WorkBuffers) {
    uploads.sink = .nowhere
    uploads.classic = nil
    refuse(refusal, buffers)
  }

  /// Ends an upload because its sender wants to.
  ///
  /// - Returns: whether there was one.
  func cancelUpload(_ token: String) -> Bool {
    guard let upload = uploads.framed[token] else { return false }
    upload.target.abandon(keepsPartial: false)
    uploads.end(token)
    return true
  }

  /// Ends the uploads that have not grown enough; what is there of them can be gone on with.
  func endStalledUploads(_ buffers: WorkBuffers) {
    for (token, upload) in uploads.framed {
      if let refusal = stall(of: upload) { end(token, refusal, buffers) }
    }
    if let upload = uploads.classic, let refusal = stall(of: upload) {
      endClassic(refusal, buffers)
    }
  }

  private func stall(of upload: Uploads.Upload) -> Refusal? {
    upload.expiry <= .now
      ? Refusal(.fileRefused, "nothing came of the file for too long") : note(0, of: upload)
  }

  /// Ends all uploads, since they were for the room that their sender leaves.
  func endUploads(_ buffers: WorkBuffers) {
    for token in uploads.framed.keys.sorted() {
      end(token, Refusal(.fileRefused, "you have left the room that it was for"), buffers)
    }
  }

  private var tooLarge: Refusal {
    Refusal(
      .fileTooLarge,
      "a file has at most \(ByteCount.text(server.mostFileBytes)) here")
  }

  private func refusal(_ error: ShelfError) -> Refusal {
    switch error {
    case .noSpace: Refusal(.fileRefused, "the server has no space for the file now")
    case .badOffset: .badOffset
    case .sizeMismatch, .digestMismatch: Refusal(.fileMismatch, error.description)
    case .system, .crypto:
      {
        server.log.error("\(error)")
        return Refusal(.fileRefused, "the server can't keep the file now")
      }()
    }
  }
}

extension Refusal {
  /// A frame does not go on where the one before it ended: what is there is as it was.
  fileprivate static let badOffset = Refusal(
    .fileMismatch, "the frame does not go on where the bytes end that are here")
}
