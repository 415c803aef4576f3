/// A line about a file: an offer, a frame of bytes, the state of a transfer, a part of a list.
public enum TransferLine: Sendable, Equatable {
  /// `[FILE]:name` with `id=`, `from=`, `size=`, `sha256=`: it is there to get.
  case file(SharedFile)
  /// `[FILE]:name` with `id=`, the sender's own token, and `offset=`: the server has so much of an upload.
  case uploadStart(name: String, token: String, offset: UInt64)
  /// `[DATA]:id` with `offset=` and `size=`: so many raw bytes follow.
  case data(id: String, offset: UInt64, size: UInt64)
  /// `<END>` with `id=`: all of a download has come.
  case end(id: String)
  /// `[CANCEL]:id`: a transfer has ended before its time.
  case cancelled(id: String)
  /// `[GOT]:id` with `have=` and `of=`: how many of those who were offered a file have it now.
  case got(id: String, have: Int, of: Int)
  /// `[FILES]:name` with the attributes of an offer and `time=`: a file of this room.
  case listed(SharedFile, time: String)
  /// `[FILES]:` with `end=1`: the end of the list.
  case listEnd
  /// `[SUMS]:` with `id=`, `from=`: the beginnings of the SHA-256 of blocks; the last line says `end=1`.
  case sums([String], id: String, from: UInt64, isLast: Bool)
  /// `[ERROR]:reason` with `code=` and the `id=` of the transfer that it is about.
  case error(code: String, reason: String, id: String)

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] { tagged.encoded() }

  private var tagged: TaggedLine {
    switch self {
    case .file(let offer): TaggedLine("FILE", offer.name, offer.attributes)
    case .uploadStart(let name, let token, let offset):
      TaggedLine("FILE", name, [.init("id", token), .init("offset", "\(offset)")])
    case .data(let id, let offset, let size):
      TaggedLine("DATA", id, [.init("offset", "\(offset)"), .init("size", "\(size)")])
    case .end(let id): TaggedLine("END", "", [.init("id", id)])
    case .cancelled(let id): TaggedLine("CANCEL", id)
    case .got(let id, let have, let all):
      TaggedLine("GOT", id, [.init("have", "\(have)"), .init("of", "\(all)")])
    case .listed(let offer, let time):
      TaggedLine("FILES", offer.name, offer.attributes + [.init("time", time)])
    case .listEnd: TaggedLine("FILES", "", [.init("end", "1")])
    case .sums(let sums, let id, let from, let isLast):
      TaggedLine(
        "SUMS", sums.joined(separator: " "),
        [.init("id", id), .init("from", "\(from)")] + (isLast ? [.init("end", "1")] : []))
    case .error(let code, let reason, let id):
      TaggedLine("ERROR", reason, [.init("code", code), .init("id", id)])
    }
  }

  /// Reads a tagged line; `nil` if it is something else. `<END>` has no tag.
  init?(_ line: TaggedLine) {
    switch line.tag {
    case "FILE":
      if let offset = line.unsigned("offset"), let token = line["id"] {
        self = .uploadStart(name: line.value, token: token, offset: offset)
      } else {
        guard let offer = SharedFile(line) else { return nil }
        self = .file(offer)
      }
    case "FILES" where line.isLast: self = .listEnd
    case "FILES":
      guard let offer = SharedFile(line) else { return nil }
      self = .listed(offer, time: line["time"] ?? "")
    case "DATA":
      guard let offset = line.unsigned("offset"), let size = line.unsigned("size") else {
        return nil
      }
      self = .data(id: line.value, offset: offset, size: size)
    case "CANCEL": self = .cancelled(id: line.value)
    case "GOT":
      guard let have = line.count("have"), let all = line.count("of") else { return nil }
      self = .got(id: line.value, have: have, of: all)
    case "SUMS":
      guard let id = line["id"], let from = line.unsigned("from") else { return nil }
      self = .sums(
        line.value.split(separator: " ").map(String.init), id: id, from: from, isLast: line.isLast)
    case "ERROR":
      guard let id = line["id"] else { return nil }
      self = .error(code: line["code"] ?? "", reason: line.value, id: id)
    default: return nil
    }
  }
}
