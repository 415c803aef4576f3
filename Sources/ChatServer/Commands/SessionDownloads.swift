internal import ChatCore
internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// What a client fetches, and asks of files.
extension Session {
  private static let fileEnd = Array("<END>\n".utf8)
  /// How long a reader waits for others to make way, and how often it is looked whether they have.
  private static let longestWait: Duration = .seconds(6)
  private static let waitStep: Duration = .milliseconds(200)
  /// How many sums one line holds.
  private static let sumsPerLine = 256
  /// How many digits of a block's checksum are sent: enough to find where a file differs, whose own is checked whole.
  private static let sumDigits = 16

  /// Sends a file to a classic client; begins a download of one that reads frames.
  func beginDownload(
    _ id: String, from offset: UInt64, _ buffers: WorkBuffers
  ) throws(Refusal) {
    let file = try file(id)
    guard offset <= file.sizeBytes else {
      throw Refusal(.badTag, "the file has only \(file.sizeBytes) bytes")
    }
    let content = try content(of: file)
    guard
      let slot = server.transfers.beginDownload(
        of: file.digest, by: AddressBlock(of: peer.address))
    else {
      throw Refusal(.fileRefused, "too many files are being fetched at once; try again later")
    }
    guard peer.speaksVersion1 else {
      return try sendWhole(content, slot, of: file, from: offset, buffers)
    }
    try peer.fileSender(patience: server.options.readerTimeout)?
      .start(id, content, slot, from: offset)
  }

  /// Sends a file in one piece: `[FILE]:name` with `size=`, the bytes, `<END>`.
  ///
  /// The client's own thread does, as with any other answer: so what it asked before comes before, and what it says
  /// after that, its end included, is read after the file.
  private func sendWhole(
    _ content: OpenContent, _ slot: TransferSlot, of file: KeptFile, from offset: UInt64,
    _ buffers: WorkBuffers
  ) throws(Refusal) {
    flush(buffers)
    var intake = Intake(peer.stream)
    while true {
      switch peer.waitForTurn(for: .seconds(1)) {
      case .lent(let turn):
        return send(content, file.name, from: offset, turn) {
          peer.interruptionReason == nil && slot.note(intake.taken()) == .goesOn
        }
      case .notYet:
        if let why = slot.note(intake.taken()).reason { throw Refusal(.slowConsumer, why) }
      case .never:
        reason = peer.interruptionReason ?? .connectionLost
        return
      }
    }
  }

  private func send(
    _ content: OpenContent, _ name: String, from offset: UInt64, _ turn: SendingTurn,
    while isWanted: () -> Bool
  ) {
    var turn = turn
    let count = content.sizeBytes - offset
    let header = TaggedLine("FILE", name, [.init("size", "\(count)")]).encoded()
    var sending = PatientSending(peer.stream, patience: server.options.readerTimeout)
    do throws(SystemError) {
      let end = Self.fileEnd[...]
      guard try sending.send(header[...], isMoreToCome: true, while: isWanted) == header.count,
        try sending.send(content, from: offset, count: count, while: isWanted) == count,
        try sending.send(end, isMoreToCome: false, while: isWanted) == end.count
      else { throw SystemError("sendfile", code: SystemError.wouldBlock) }
      turn.sentBytes = UInt64(header.count + Self.fileEnd.count) + count
    } catch {
      // In the middle of the bytes no line can follow.
      peer.fail(error.code == SystemError.wouldBlock ? .slowConsumer : .connectionLost)
      reason = peer.interruptionReason
    }
    turn.end()
  }

  /// Ends a transfer in either direction.
  func cancel(_ id: String, _ buffers: WorkBuffers) throws(Refusal) {
    let wasUpload = cancelUpload(id)
    guard
      peer.fileSender(patience: server.options.readerTimeout)?.cancel(id) == true || wasUpload
        || uploads.isOver(id)
    else {
      throw .noSuchFile
    }
    answer([.cancelled(id: id)], buffers)
  }

  /// Ends all transfers, since they are of the room that the client leaves.
  func endTransfers(_ buffers: WorkBuffers) {
    endUploads(buffers)
    let downloads = peer.fileSender(patience: server.options.readerTimeout)?.cancelAll() ?? []
    answer(downloads.map { .cancelled(id: $0) }, buffers)
  }

  /// The client has got a file: its sender is told.
  func noteReceived(_ id: String) throws(Refusal) {
    _ = try file(id)
    guard let nickname,
      let (sender, have, all) = server.deliveries.note(id, by: peer, called: nickname)
    else { return }
    sender.enqueueIfPossible(ServerLine.got(id: id, have: have, of: all).encoded())
  }

  /// Tells of the room's files, or of one.
  func listFiles(_ id: String?, _ buffers: WorkBuffers) throws(Refusal) {
    guard let room else { return }
    let list =
      try id.map { id throws(Refusal) in [try file(id)] }
      ?? server.files?.files(inRoom: room.name.text, limit: Limits.listedFiles) ?? []
    var lines: [ServerLine] = []
    for file in list {
      lines.append(.listed(file.offer, time: Timestamp.text(file.timeMilliseconds)))
    }
    answer(lines + [.listEnd], buffers)
  }

  /// Tells the checksums of a file's blocks.
  func tellSums(_ id: String, from first: UInt64, _ buffers: WorkBuffers) throws(Refusal) {
    let content = try content(of: try file(id))
    var known: [SHA256Digest]?
    while known == nil {
      do throws(ShelfError) { known = try server.files?.sums(of: content) } catch {
        server.log.error("\(error)")
        throw .noSuchFile
      }
      guard charge(buffers) else { return }
    }
    let sums = known ?? []
    var block = Int(min(first, UInt64(sums.count)))
    repeat {
      let next = min(block + Self.sumsPerLine, sums.count)
      answer(
        [
          .sums(
            sums[block..<next].map { String($0.hex.prefix(Self.sumDigits)) }, id: id,
            from: UInt64(block), isLast: next == sums.count)
        ], buffers)
      block = next
    } while block < sums.count && isWanted
  }

  /// A file of this room.
  private func file(_ id: String) throws(Refusal) -> KeptFile {
    guard let file = server.files?.file(id: id), file.room == room?.name.text else {
      throw .noSuchFile
    }
    return file
  }

  private func content(of file: KeptFile) throws(Refusal) -> OpenContent {
    let deadline = MonotonicTime.now + Self.longestWait
    while true {
      let content: OpenContent?
      do throws(SystemError) { content = try server.contents?.open(file) } catch {
        guard error.code == SystemError.tooMany, .now < deadline, isWanted,
          server.transfers.makeWay(for: nil)
        else {
          server.log.error("a file can't be read: \(error)")
          throw Refusal(.fileRefused, "the server can't read the file now")
        }
        peer.wait(for: Self.waitStep)
        continue
      }
      guard let content else { throw .noSuchFile }
      return content
    }
  }
}

extension Refusal {
  /// A file, or an upload, that is not there.
  static let noSuchFile = Refusal(.noSuchFile, "there is no such file in this room")
}
