internal import ChatCore

/// A line that was sent and is not known to have arrived.
enum SentLine: Sendable {
  /// Text, and how it looks in the stream.
  case text([UInt8], echo: [UInt8])
  /// A change of room or nickname, as it was sent.
  case setting([UInt8])
  /// A private message.
  case message(to: String)
  /// The wish to leave, as it was sent.
  case leave([UInt8])
  /// A numbered question of the client's own.
  case question(Int)

  var isText: Bool { if case .text = self { true } else { false } }
  var isMessage: Bool { if case .message = self { true } else { false } }
  /// Whether it leads to another room.
  var isMove: Bool {
    if case .setting(let line) = self { !line.starts(with: "[NICK]".utf8) } else { false }
  }
  var isSetting: Bool { if case .setting = self { true } else { false } }
}

/// The lines that were sent, until they are acknowledged. Pure.
///
/// The server works in order: what acknowledges a line acknowledges all that were sent before it.
struct SentLines: Sendable {
  /// Limit: how far ahead a line of the stream is looked for.
  private static let searchedLines = 1_024

  private var lines = Fifo<SentLine>()
  /// How many bytes of text they hold.
  private(set) var textBytes = 0

  /// How many there are.
  var count: Int { lines.count }

  /// All of them, in order.
  var elements: [SentLine] { lines.elements }

  /// Adds one.
  mutating func append(_ line: SentLine) {
    lines.append(line)
    if case .text(let text, _) = line { textBytes += text.count }
  }

  /// Takes all out.
  mutating func removeAll() {
    lines.removeAll()
    textBytes = 0
  }

  // Each returns the lines that are acknowledged, the one found last; none if it is not here.

  /// The stream says this under the client's nickname.
  mutating func heard(_ text: String) -> [SentLine] {
    remove { line in
      guard case .text(_, let echo) = line else { return false }
      return Self.isSame(echo, text)
    }
  }

  /// The first line of this kind is answered.
  mutating func answered(_ isOfKind: (SentLine) -> Bool) -> [SentLine] { remove(through: isOfKind) }

  /// A question is answered.
  mutating func answered(_ number: Int) -> [SentLine] {
    remove(searching: .max) { if case .question(number) = $0 { true } else { false } }
  }

  private mutating func remove(
    searching limit: Int = searchedLines, through isLast: (SentLine) -> Bool
  ) -> [SentLine] {
    for offset in 0..<min(lines.count, limit) {
      guard let line = lines[offset], isLast(line) else { continue }
      let removed = (0...offset).compactMap { _ in lines.popFirst() }
      for case .text(let text, _) in removed { textBytes -= text.count }
      return removed
    }
    return []
  }

  /// Compares as `[PAST]` lines have it, where a TAB is a space.
  private static func isSame(_ echo: [UInt8], _ text: String) -> Bool {
    let text = text.utf8
    guard echo.count == text.count else { return false }
    let space = UInt8(ascii: " ")
    let tab = UInt8(ascii: "\t")
    return zip(echo, text).allSatisfy {
      $0 == $1 || ($0 == tab ? space : $0) == ($1 == tab ? space : $1)
    }
  }
}
