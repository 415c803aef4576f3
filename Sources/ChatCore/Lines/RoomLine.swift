/// A line of the room's stream: the same bytes for everyone in it, numbered, and part of its history.
public enum RoomLine: Sendable, Equatable {
  /// `alice: text`.
  case said(by: String, text: String)
  /// `alice joined!`.
  case joined(String)
  /// `alice left!`.
  case left(String)
  /// `alice is now bob`.
  case renamed(from: String, to: String)
  /// `alice sent photo.png (48 kB)`: the size as `ByteCount` has it.
  case sent(by: String, file: String, size: String)

  /// The line's bytes with its LF.
  public func encoded() -> [UInt8] {
    switch self {
    case .said(let nickname, let text): PlainLine.encoded("\(nickname): \(text)")
    case .joined(let nickname): PlainLine.encoded("\(nickname) joined!")
    case .left(let nickname): PlainLine.encoded("\(nickname) left!")
    case .renamed(let old, let new): PlainLine.encoded("\(old) is now \(new)")
    case .sent(let nickname, let file, let size):
      PlainLine.encoded("\(nickname) sent \(file) (\(size))")
    }
  }

  /// Appends `nickname: text` LF, the text cleaned: the line that a busy room consists of.
  ///
  /// - Parameters:
  ///   - prefix: the nickname's bytes, `: ` after them.
  ///   - text: what was said, not cleaned.
  ///   - output: where the line goes; unchanged if the line is refused.
  /// - Throws: `Refusal` with `lineTooLong` if the text is over the limit once cleaned.
  public static func appendSaid(
    prefix: [UInt8], text: Span<UInt8>, to output: inout [UInt8]
  ) throws(Refusal) {
    let start = output.count
    output.append(contentsOf: prefix)
    TextCleaner.append(text, to: &output)
    output.append(UInt8(ascii: "\n"))
    guard output.count - start - prefix.count <= Limits.clientLineBytes else {
      output.removeLast(output.count - start)
      throw .lineTooLong
    }
  }

  /// Reads a line without a tag; `nil` if it is something else.
  ///
  /// - Parameter words: the line, split at its spaces.
  init?(_ text: String, words: [String]) {
    if words.count > 1, words[0].utf8.count > 1, words[0].utf8.last == UInt8(ascii: ":") {
      let start = text.utf8.index(text.startIndex, offsetBy: words[0].utf8.count + 1)
      self = .said(
        by: String(decoding: words[0].utf8.dropLast(), as: UTF8.self),
        text: String(decoding: text.utf8[start...], as: UTF8.self))
    } else if words.count > 4, words[1] == "sent", let sent = Self.sent(text, by: words[0]) {
      self = sent
    } else if words.count == 2, words[1] == "joined!" {
      self = .joined(words[0])
    } else if words.count == 2, words[1] == "left!" {
      self = .left(words[0])
    } else if words.count == 4, words[1] == "is", words[2] == "now" {
      self = .renamed(from: words[0], to: words[3])
    } else {
      return nil
    }
  }

  /// `alice sent photo.png (48 kB)`: the last parenthesis is the size's, whatever the name holds.
  private static func sent(_ text: String, by nickname: String) -> RoomLine? {
    let rest = text.utf8.dropFirst(nickname.utf8.count + " sent ".utf8.count)
    guard rest.last == UInt8(ascii: ")"), let open = rest.lastIndex(of: UInt8(ascii: "(")),
      open > rest.startIndex
    else { return nil }
    return .sent(
      by: nickname, file: String(decoding: rest[..<open].dropLast(), as: UTF8.self),
      size: String(decoding: rest[open...].dropFirst().dropLast(), as: UTF8.self))
  }
}
