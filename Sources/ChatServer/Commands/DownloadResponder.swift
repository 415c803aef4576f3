internal import ChatCore
internal import ChatCrypto
internal import ChatFiles
internal import ChatSystem

/// Answers what a client asks about the room's files: their bytes, their list, and their checksums.
///
/// Thread: its session's. The bytes for a client that reads frames are sent by its `FileSender`.
final class DownloadResponder {
  private static let fileEnd = Array("<END>\n".utf8)
  /// How many sums one line holds.
  private static let sumsPerLine = 256
  /// How many digits of a block's checksum are sent: enough to find where a file differs; its own is checked whole.
  private static let sumDigits = 16

  private let client: ConnectedClient
  /// What sends frames, from the first download on.
  private var sender: FileSender?

  init(_ client: ConnectedClient) { self.client = client }

  // MARK: Downloads

  /// Begins a download for a client that reads frames; sends the whole file to a classic one.
  func begin(_ id: String, from offset: UInt64) throws(Refusal) {
    let file = try file(id)
    guard offset <= file.sizeBytes else {
      throw Refusal(.badTag, "the file has only \(file.sizeBytes) bytes")
    }
    guard let transport = client.peer.transport.fileTransport else {
      throw Refusal(.fileRefused, "files can't be fetched over this connection")
    }
    let content = try content(of: file)
    guard
      let slot = client.server.transfers.beginDownload(
        of: file.digest, by: AddressBlock(of: client.peer.address))
    else {
      throw Refusal(.fileRefused, "too many downloads at once; try again later")
    }
    guard client.peer.speaksVersion1 else {
      return try sendWhole(content, slot, of: file, from: offset, over: transport)
    }
    let sender =
      sender
      ?? FileSender(
        peer: client.peer, transport: transport, patience: client.server.options.readerTimeout)
    self.sender = sender
    try sender.start(id, content, slot, from: offset)
  }

  /// Ends a download because its receiver asked for it.
  ///
  /// - Returns: whether there was one.
  func cancel(_ id: String) -> Bool { sender?.cancel(id) == true }

  /// Ends all downloads, since they are of the room that the client leaves.
  func cancelAll() {
    let downloads = sender?.cancelAll() ?? []
    client.answer(downloads.map { .transfer(.cancelled(id: $0)) })
  }

  /// Ends all downloads, since the client leaves.
  func stop() {
    sender?.stop()
    sender = nil
  }

  /// Sends a file in one piece: `[FILE]:name` with `size=`, the bytes, `<END>`.
  ///
  /// The client's own thread does it, as with any other answer: so it comes after the answers to what the client asked
  /// before, and what the client sends after that, its end included, is read after the file.
  private func sendWhole(
    _ content: OpenContent, _ slot: TransferSlot, of file: SharedFile, from offset: UInt64,
    over transport: any FileTransport
  ) throws(Refusal) {
    client.flush()
    let peer = client.peer
    var intake = Intake(transport)
    while true {
      switch peer.waitForTurn(for: .seconds(1)) {
      case .lent(let turn):
        return send(content, file.name, from: offset, over: transport, turn) {
          peer.interruptionReason == nil && slot.note(intake.taken()) == .goesOn
        }
      case .notYet:
        if let why = slot.note(intake.taken()).reason { throw Refusal(.slowConsumer, why) }
      case .never: return client.end(peer.interruptionReason ?? .connectionLost)
      }
    }
  }

  private func send(
    _ content: OpenContent, _ name: String, from offset: UInt64,
    over transport: any FileTransport, _ turn: SendingTurn,
    while isWanted: () -> Bool
  ) {
    let peer = client.peer
    var turn = turn
    let count = content.sizeBytes - offset
    let header = TaggedLine("FILE", name, [.init("size", "\(count)")]).encoded()
    var sending = PatientSending(transport, patience: client.server.options.readerTimeout)
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
      client.noteInterruption()
    }
    turn.end()
  }

  /// The client has a file, whole and checked: its sender is told.
  func noteReceived(_ id: String) throws(Refusal) {
    _ = try file(id)
    guard let nickname = client.nickname,
      let (sender, have, all) = client.server.deliveries.note(
        id, by: client.peer, called: nickname)
    else { return }
    sender.enqueueIfPossible(TransferLine.got(id: id, have: have, of: all).encoded())
  }

  // MARK: Questions

  /// Answers with the room's files, or with one.
  func answerFiles(_ id: String?) throws(Refusal) {
    guard let room = client.room else { return }
    let list =
      try id.map { id throws(Refusal) in [try file(id)] }
      ?? client.server.files?.files(inRoom: room.name.text, limit: Limits.listedFiles) ?? []
    var lines: [ServerLine] = []
    for file in list {
      lines.append(.transfer(.listed(file, time: Timestamp.text(file.timeMilliseconds))))
    }
    client.answer(lines + [.transfer(.listEnd)])
  }

  /// Answers with the checksums of a file's blocks.
  func answerSums(of id: String, from first: UInt64) throws(Refusal) {
    let content = try content(of: try file(id))
    var known: [SHA256Digest]?
    while known == nil {
      do throws(ShelfError) { known = try client.server.files?.sums(of: content) } catch {
        client.server.log.error("\(error)")
        throw .noSuchFile
      }
      guard client.charge() else { return }
    }
    let sums = known ?? []
    var block = Int(min(first, UInt64(sums.count)))
    repeat {
      let next = min(block + Self.sumsPerLine, sums.count)
      client.answer([
        .transfer(
          .sums(
            sums[block..<next].map { String($0.hex.prefix(Self.sumDigits)) }, id: id,
            from: UInt64(block), isLast: next == sums.count))
      ])
      block = next
    } while block < sums.count && client.isWanted
  }

  // MARK: Files

  /// A file of this room.
  private func file(_ id: String) throws(Refusal) -> SharedFile {
    guard let file = client.server.files?.file(id: id), file.room == client.room?.name.text else {
      throw .noSuchFile
    }
    return file
  }

  private func content(of file: SharedFile) throws(Refusal) -> OpenContent {
    let server = client.server
    let content: OpenContent?
    do throws(SystemError) {
      content = try server.contents?.open(file, makingWay: server.transfers) {
        client.peer.wait(for: $0)
        return client.isWanted
      }
    } catch {
      server.log.error("a file can't be read: \(error)")
      throw Refusal(.fileRefused, "the server can't read the file now")
    }
    guard let content else { throw .noSuchFile }
    return content
  }
}

extension Refusal {
  /// A file, or an upload, that is not there.
  static let noSuchFile = Refusal(.noSuchFile, "there is no such file in this room")
}
