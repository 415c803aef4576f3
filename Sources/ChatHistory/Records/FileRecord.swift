/// Which file a line tells of.
package struct FileRecord: Sendable, Equatable {
  /// The file's own name on the server, which no other file of this history has.
  package let id: String
  /// What its sender called it.
  package let name: String
  /// How large it is. Limit: 2^63 - 1.
  package let sizeBytes: UInt64
  /// The SHA-256 of its bytes: 64 hex digits.
  package let digest: String
  /// Who sent it.
  package let sender: String
  /// The number of the line, in its room.
  package let sequence: UInt64

  /// Describes a file.
  package init(
    id: String, name: String, sizeBytes: UInt64, digest: String, sender: String, sequence: UInt64
  ) {
    self.id = id
    self.name = name
    self.sizeBytes = sizeBytes
    self.digest = digest
    self.sender = sender
    self.sequence = sequence
  }
}
