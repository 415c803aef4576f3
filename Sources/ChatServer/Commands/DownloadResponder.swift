internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Answers what a client asks about the room's files: their list, and, to a classic client, their bytes.
///
/// Thread: its session's.
struct DownloadResponder {
  private let client: ConnectedClient

  init(_ client: ConnectedClient) { self.client = client }

  // MARK: Their bytes

  /// Sends a file to a classic client, in one piece, as any other answer: after the answers to what the client asked
  /// before; what it sends after that, its end included, is read after the file.
  ///
  /// - Parameter offset: where to begin.
  func send(_ id: String, from offset: UInt64) throws(Refusal) {
    let (peer, server) = (client.peer, client.server)
    guard !peer.speaksVersion1 else {
      throw Refusal(.fileRefused, "files are fetched by HTTP, at /files/ID")
    }
    let file = try file(id)
    guard offset <= file.sizeBytes else {
      throw Refusal(.badTag, "the file has only \(file.sizeBytes) bytes")
    }
    let content = try content(of: file)
    let block = AddressBlock(of: peer.address)
    guard let slot = server.transfers.beginDownload(of: file.digest, by: block) else {
      throw Refusal(.fileRefused, "too many downloads at once; try again later")
    }
    guard let room = client.room else { return }
    client.flush()
    _ = room.pauseLog(of: peer)
    var download = ClassicDownload(to: peer, slot)
    do throws(ClassicDownload.Failure) {
      try download.send(content, named: file.name, from: offset)
    } catch {
      if case .unreadable(let error) = error { server.log.error("a file can't be read: \(error)") }
      // In the middle of the bytes no line can follow.
      peer.fail(Self.reason(for: error))
      return client.noteInterruption()
    }
    do throws(ClassicDownload.Failure) { try download.finish() } catch {
      client.end(peer.interruptionReason ?? Self.reason(for: error))
    }
    peer.resumeLog()
  }

  private static func reason(for failure: ClassicDownload.Failure) -> CloseReason {
    switch failure {
    case .tooSlow: .slowConsumer
    case .interrupted, .unreadable: .connectionLost
    }
  }

  // MARK: Questions

  /// The client has a file, whole and checked: its sender is told.
  func noteReceived(_ id: String) throws(Refusal) {
    _ = try file(id)
    guard let nickname = client.nickname,
      let (sender, have, all) = client.server.deliveries.note(
        id, by: client.peer, called: nickname)
    else { return }
    sender.enqueueIfPossible(TransferLine.got(id: id, have: have, of: all).encoded())
  }

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
  /// A file that is not there.
  fileprivate static let noSuchFile = Refusal(.noSuchFile, "there is no such file in this room")
}
