/// A file that was sent to a room, and that the room's members may fetch: as the protocol offers it, as the server
/// stores it, and as the history records it.
public struct SharedFile: Sendable, Equatable {
  /// What it is asked for by; the server chooses it, and no other file has it.
  public let id: String
  /// What its sender calls it. From a server, so not to be trusted: see `FileName`.
  public let name: String
  /// Who sent it.
  public let sender: String
  /// How many bytes it has. Limit, on a server: 2^63 - 1.
  public let sizeBytes: UInt64
  /// The SHA-256 of its content, which other files may have as well.
  public let digest: SHA256Digest

  /// The name of the room it was put into; for a private room its code. Empty in an offer: the reader is in the room.
  public let room: String
  /// When it was put there: milliseconds since 1970, UTC; 0 in an offer.
  public let timeMilliseconds: Int64
  /// The number of the room's line that announces it; 0 as long as none does, and in an offer.
  public var sequence: UInt64

  /// Describes a file.
  public init(
    id: String, name: String, room: String = "", sender: String, sizeBytes: UInt64,
    digest: SHA256Digest, timeMilliseconds: Int64 = 0, sequence: UInt64 = 0
  ) {
    (self.id, self.name, self.sender) = (id, name, sender)
    (self.sizeBytes, self.digest) = (sizeBytes, digest)
    (self.room, self.timeMilliseconds, self.sequence) = (room, timeMilliseconds, sequence)
  }

  /// The same file, announced by the line of this number.
  public func announced(by sequence: UInt64) -> SharedFile {
    var file = self
    file.sequence = sequence
    return file
  }

  /// Reads a `[FILE]` or `[FILES]` line; `nil` if something is missing.
  init?(_ line: TaggedLine) {
    guard let id = line["id"], let size = line.unsigned("size"),
      let digest = line["sha256"].flatMap({ SHA256Digest(hex: $0) })
    else { return nil }
    self.init(
      id: id, name: line.value, sender: line["from"] ?? "", sizeBytes: size, digest: digest)
  }

  /// What an offer says besides the name.
  var attributes: [TaggedLine.Attribute] {
    [
      .init("id", id), .init("from", sender), .init("size", "\(sizeBytes)"),
      .init("sha256", digest.hex),
    ]
  }
}
