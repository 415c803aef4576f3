/// Recognizes a chat server by its first bytes, before its first line is complete. Pure.
///
/// A chat server sends `NICK`, or before it lines with tags: why it lets no client in, for one. Anything else comes from
/// another kind of server: a mail server's greeting, bytes that are not text, a line without end.
package struct Greeting: Sendable {
  /// What it is.
  package enum Verdict: Equatable, Sendable {
    /// Too little has come.
    case undecided
    /// It begins as a chat server does.
    case chat
    /// It is something else.
    case stranger
  }

  private static let nick = Array("NICK".utf8)
  /// Limit: of a tag.
  private static let longestTag = 32

  private var start: [UInt8] = []
  /// What is known so far.
  package private(set) var verdict = Verdict.undecided

  /// Nothing has come.
  package init() {}

  /// Whether `NICK` has come without the end of the line, as from a server that does not use lines.
  package var isNickWithoutEnd: Bool { verdict == .undecided && start == Self.nick }

  /// Takes the next bytes.
  package mutating func take(_ bytes: Span<UInt8>) {
    var index = 0
    while verdict == .undecided, index < bytes.count {
      start.append(bytes[index])
      verdict = judge()
      index += 1
    }
  }

  /// Judges by the last byte, all before it having been right.
  private func judge() -> Verdict {
    let (byte, count) = (start[start.count - 1], start.count)
    if start[0] != UInt8(ascii: "[") {
      if count <= Self.nick.count { return byte == Self.nick[count - 1] ? .undecided : .stranger }
      if byte == UInt8(ascii: "\n") { return .chat }
      return byte == UInt8(ascii: "\r") && count == Self.nick.count + 1 ? .undecided : .stranger
    }
    guard count > 1 else { return .undecided }
    switch (start[count - 2], byte) {
    case (UInt8(ascii: "]"), UInt8(ascii: ":")): return .chat
    case (UInt8(ascii: "]"), _): return .stranger
    case (_, UInt8(ascii: "A")...UInt8(ascii: "Z")):
      return count <= Self.longestTag ? .undecided : .stranger
    case (_, UInt8(ascii: "]")): return count > 2 ? .undecided : .stranger
    default: return .stranger
    }
  }
}
