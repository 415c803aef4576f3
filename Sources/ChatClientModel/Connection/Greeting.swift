/// How a server begins, before its first line has come whole: a stranger is told from a chat server by its first
/// bytes. Pure.
///
/// A chat server says `NICK`, or before it lines with tags: why it takes nobody, for one. Anything else, such as what a
/// mail server says, bytes of no text, or a line without end, comes from no chat server.
package struct Greeting: Sendable {
  /// Who it is.
  package enum Verdict: Equatable, Sendable {
    /// Too little has come.
    case undecided
    /// It begins as a chat server does.
    case chat
    /// It is something else.
    case stranger
  }

  private static let nick = Array("NICK".utf8)
  /// A longer tag is none.
  private static let longestTag = 32

  private var start: [UInt8] = []
  /// What is known so far.
  package private(set) var verdict = Verdict.undecided

  /// Nothing has come.
  package init() {}

  /// Whether `NICK` has come, and no end of the line: a server that knows no lines asks so.
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
