internal import ChatCore
internal import ChatCrypto
internal import ChatFiles
internal import ChatHistory

/// A stored file in the protocol's form, and in the history's.
extension KeptFile {
  /// A file as the history knows it; `nil` if it is damaged there.
  init?(_ stored: StoredFile) {
    guard let digest = SHA256Digest(hex: stored.record.digest) else { return nil }
    self.init(
      id: stored.record.id, name: stored.record.name, room: stored.room,
      sender: stored.record.sender, sizeBytes: stored.record.sizeBytes, digest: digest,
      timeMilliseconds: stored.timeMilliseconds, sequence: stored.record.sequence)
  }

  /// What clients are sent.
  var offer: FileOffer {
    FileOffer(id: id, name: name, sender: sender, size: sizeBytes, sha256: digest.hex)
  }

  /// What the history stores with the line of this number.
  func record(sequence: UInt64) -> FileRecord {
    FileRecord(
      id: id, name: name, sizeBytes: sizeBytes, digest: digest.hex, sender: sender,
      sequence: sequence)
  }
}
