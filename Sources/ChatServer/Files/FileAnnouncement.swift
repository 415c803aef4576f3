internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Files that came in, and how they are told of.
extension ConnectedClient {
  /// Announces a file in the client's room.
  ///
  /// - Returns: the file; `nil` if the server is stopping.
  /// - Throws: `Refusal` if its content is gone again.
  func announce(
    _ stored: StoredContent, named name: FileName
  ) throws(Refusal) -> SharedFile? {
    guard let files = server.files, let room, let nickname else { return nil }
    let file = SharedFile(
      id: FileShelf.makeID(), name: name.text, room: room.name.text, sender: nickname.text,
      sizeBytes: stored.sizeBytes, digest: stored.digest,
      timeMilliseconds: WallClock.milliseconds)
    guard files.announce(file, of: stored) else { throw .notStored }
    if peer.speaksVersion1 { server.deliveries.begin(file.id, by: peer) }
    guard let (offered, sequence) = room.announce(file, by: peer) else {
      end(.shuttingDown)
      return nil
    }
    files.setSequence(sequence, of: file.id)
    server.deliveries.note(file.id, offered: offered)
    server.log.debug("\(nickname.text) sent a file of \(file.sizeBytes) bytes")
    return file
  }

  /// Tells a client why its file is not stored.
  func refusal(_ error: ShelfError) -> Refusal {
    switch error {
    case .noSpace: return Refusal(.fileRefused, "the server has no space for the file now")
    case .badOffset, .sizeMismatch, .digestMismatch:
      return Refusal(.fileMismatch, error.description)
    case .system, .crypto:
      server.log.error("\(error)")
      return .notStored
    }
  }
}

extension Refusal {
  fileprivate static let notStored = Refusal(
    .fileRefused, "the server can't store the file now")
}
