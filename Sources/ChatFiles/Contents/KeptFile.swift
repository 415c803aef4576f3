package import ChatCrypto

/// A file that somebody put into a room, and that the room's people may fetch.
package struct KeptFile: Sendable, Equatable {
  /// What it is asked for by: `FileShelf.makeID()`.
  package let id: String
  /// What the sender calls it.
  package let name: String
  /// The room it was put into.
  package let room: String
  /// Who put it there.
  package let sender: String
  /// How long its content is.
  package let sizeBytes: UInt64
  /// Its content, which other files may have as well.
  package let digest: SHA256Digest
  /// When it was put there: milliseconds since 1970, UTC.
  package let timeMilliseconds: Int64
  /// The number of the room's line that tells of it; 0 as long as none does.
  package internal(set) var sequence: UInt64

  /// Describes a file.
  package init(
    id: String, name: String, room: String, sender: String, sizeBytes: UInt64,
    digest: SHA256Digest, timeMilliseconds: Int64, sequence: UInt64 = 0
  ) {
    self.id = id
    self.name = name
    self.room = room
    self.sender = sender
    self.sizeBytes = sizeBytes
    self.digest = digest
    self.timeMilliseconds = timeMilliseconds
    self.sequence = sequence
  }
}
