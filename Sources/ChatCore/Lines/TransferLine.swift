/// A line about a file: an offer, a part of a list, who has it.
public enum TransferLine: Sendable, Equatable {
  /// `[FILE]:name` with `id=`, `from=`, `size=`, `sha256=`: it is there to get.
  case file(SharedFile)
  /// `[GOT]:id` with `have=` and `of=`: how many of those who were offered a file have it now.
  case got(id: String, have: Int, of: Int)
  /// `[FILES]:name` with the attributes of an offer and `time=`: a file of this room.
  case listed(SharedFile, time: String)
  /// `[FILES]:` with `end=1`: the end of the list.
  case listEnd
  /// `[ERROR]:reason` with `code=` and the `id=` of the file that it is about.
  case error(code: String, reason: String, id: String)

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] { tagged.encoded() }

  private var tagged: TaggedLine {
    switch self {
    case .file(let offer): TaggedLine("FILE", offer.name, offer.attributes)
    case .got(let id, let have, let all):
      TaggedLine("GOT", id, [.init("have", "\(have)"), .init("of", "\(all)")])
    case .listed(let offer, let time):
      TaggedLine("FILES", offer.name, offer.attributes + [.init("time", time)])
    case .listEnd: TaggedLine("FILES", "", [.init("end", "1")])
    case .error(let code, let reason, let id):
      TaggedLine("ERROR", reason, [.init("code", code), .init("id", id)])
    }
  }

  /// Reads a tagged line; `nil` if it is something else.
  init?(_ line: TaggedLine) {
    switch line.tag {
    case "FILE":
      guard let offer = SharedFile(line) else { return nil }
      self = .file(offer)
    case "FILES" where line.isLast: self = .listEnd
    case "FILES":
      guard let offer = SharedFile(line) else { return nil }
      self = .listed(offer, time: line["time"] ?? "")
    case "GOT":
      guard let have = line.count("have"), let all = line.count("of") else { return nil }
      self = .got(id: line.value, have: have, of: all)
    case "ERROR":
      guard let id = line["id"] else { return nil }
      self = .error(code: line["code"] ?? "", reason: line.value, id: id)
    default: return nil
    }
  }
}
