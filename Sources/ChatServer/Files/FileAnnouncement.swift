internal import ChatCore
internal import ChatFiles
internal import ChatSystem

/// Files that came in, and how they are told of.
extension ServerContext {
  /// An announcement costs as much as so many lines: everyone in the room is told of it by name.
  static let announcementTokens = 20

  /// Announces a file in a room.
  ///
  /// Thread: any.
  /// - Parameters:
  ///   - sender: who is told who has received it.
  ///   - nickname: the sender's.
  /// - Returns: the file; `nil` if the server is stopping.
  /// - Throws: `Refusal` if its content is gone again.
  func announce(
    _ stored: StoredContent, named name: FileName, in room: Room, by sender: Peer,
    called nickname: String
  ) throws(Refusal) -> SharedFile? {
    let file = SharedFile(
      id: SecretName.make(), name: name.text, room: room.name.text, sender: nickname,
      sizeBytes: stored.sizeBytes, digest: stored.digest,
      timeMilliseconds: WallClock.milliseconds)
    guard files?.announce(file, of: stored) == true else { throw .notStored }
    if sender.speaksVersion1 { deliveries.begin(file.id, by: sender) }
    guard let (offered, sequence) = room.announce(file, by: sender) else { return nil }
    files?.setSequence(sequence, of: file.id)
    deliveries.note(file.id, offered: offered)
    log.debug("\(nickname) sent a file of \(file.sizeBytes) bytes")
    return file
  }

  /// Why a file is not stored, for who sent it.
  func refusal(_ error: ShelfError) -> Refusal {
    switch error {
    case .noSpace: return Refusal(.fileRefused, "the server has no space for the file now")
    case .badOffset, .sizeMismatch, .digestMismatch:
      return Refusal(.fileMismatch, error.description)
    case .system, .crypto:
      log.error("\(error)")
      return .notStored
    }
  }
}

extension ConnectedClient {
  /// Announces a file in the client's room.
  ///
  /// - Returns: the file; `nil` if the server is stopping.
  /// - Throws: `Refusal` if its content is gone again.
  func announce(
    _ stored: StoredContent, named name: FileName
  ) throws(Refusal) -> SharedFile? {
    guard let room, let nickname else { return nil }
    let file = try server.announce(stored, named: name, in: room, by: peer, called: nickname.text)
    if file == nil { end(.shuttingDown) }
    return file
  }
}

extension Refusal {
  fileprivate static let notStored = Refusal(
    .fileRefused, "the server can't store the file now")
}
