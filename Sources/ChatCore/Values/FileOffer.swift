/// A file of a room, as its server tells of it.
public struct FileOffer: Sendable, Equatable {
  /// What to ask for.
  public let id: String
  /// What it is called. From a server, so not to be trusted: see `FileName`.
  public let name: String
  /// Who sent it.
  public let sender: String
  /// How many bytes it has.
  public let size: UInt64
  /// Its SHA-256: 64 lower-case hexadecimal digits.
  public let sha256: String

  /// Describes a file.
  public init(id: String, name: String, sender: String, size: UInt64, sha256: String) {
    (self.id, self.name, self.sender) = (id, name, sender)
    (self.size, self.sha256) = (size, sha256)
  }

  /// Reads a `[FILE]` or `[FILES]` line; `nil` if something is missing.
  init?(_ line: TaggedLine) {
    guard let id = line["id"], let size = line["size"].flatMap({ UInt64($0) }),
      let sha256 = line["sha256"]
    else { return nil }
    self.init(id: id, name: line.value, sender: line["from"] ?? "", size: size, sha256: sha256)
  }

  var attributes: [TaggedLine.Attribute] {
    [
      .init("id", id), .init("from", sender), .init("size", "\(size)"), .init("sha256", sha256),
    ]
  }
}
