/// A part of an answer to one client; the last line of an answer has `end=1`.
public enum ReplyLine: Sendable, Equatable {
  /// `[WHO]:alice bob`.
  case who([String], isLast: Bool)
  /// `[ROOMS]:lobby=3`.
  case rooms([String], isLast: Bool)
  /// `[PAST]:alice: text` with `seq=` and `time=`: a line of the room's history, and when it was said (RFC 3339);
  /// with the id of the file that it announces.
  case past(String, sequence: UInt64, time: String, file: String? = nil)
  /// `[PAST]:` with `end=1`: the end of the answer.
  case pastEnd

  /// The lines of a list that may be too long for one, the last of them marked.
  public static func split(
    _ items: [String], _ line: ([String], Bool) -> ReplyLine
  ) -> [ReplyLine] {
    var lines: [ReplyLine] = []
    var batch: [String] = []
    var bytes = 0
    for item in items {
      if bytes + item.utf8.count > Limits.clientLineBytes - 64 {
        lines.append(line(batch, false))
        batch = []
        bytes = 0
      }
      batch.append(item)
      bytes += item.utf8.count + 1
    }
    return lines + [line(batch, true)]
  }

  /// Appends `[PAST]:line` with its number and time: the line that a history query's answer consists of.
  ///
  /// - Parameters:
  ///   - line: what the room said, without LF, clean as it is in every room's stream.
  ///   - sequence: its number.
  ///   - time: when, as `Timestamp` has it.
  ///   - file: the id of the file that it announces.
  ///   - output: where the line goes.
  public static func appendPast(
    _ line: [UInt8], sequence: UInt64, time: String, file: String? = nil, to output: inout [UInt8]
  ) {
    output.append(contentsOf: "[PAST]:".utf8)
    // A value holds no TAB.
    for byte in line { output.append(byte == UInt8(ascii: "\t") ? UInt8(ascii: " ") : byte) }
    output.append(contentsOf: "\tseq=\(sequence)\ttime=\(time)".utf8)
    if let file { output.append(contentsOf: "\tfile=\(file)".utf8) }
    output.append(UInt8(ascii: "\n"))
  }

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] { tagged.encoded() }

  private var tagged: TaggedLine {
    switch self {
    case .who(let names, let isLast): Self.list("WHO", names, isLast)
    case .rooms(let names, let isLast): Self.list("ROOMS", names, isLast)
    case .past(let text, let sequence, let time, let file):
      TaggedLine(
        "PAST", text,
        [.init("seq", "\(sequence)"), .init("time", time)]
          + (file.map { [.init("file", $0)] } ?? []))
    case .pastEnd: TaggedLine("PAST", "", [.init("end", "1")])
    }
  }

  private static func list(_ tag: String, _ names: [String], _ isLast: Bool) -> TaggedLine {
    TaggedLine(tag, names.joined(separator: " "), isLast ? [.init("end", "1")] : [])
  }

  init?(_ line: TaggedLine) {
    switch line.tag {
    case "WHO":
      self = .who(line.value.split(separator: " ").map(String.init), isLast: line.isLast)
    case "ROOMS":
      self = .rooms(line.value.split(separator: " ").map(String.init), isLast: line.isLast)
    case "PAST" where line.isLast: self = .pastEnd
    case "PAST":
      guard let sequence = line.unsigned("seq") else { return nil }
      self = .past(line.value, sequence: sequence, time: line["time"] ?? "", file: line["file"])
    default: return nil
    }
  }
}
