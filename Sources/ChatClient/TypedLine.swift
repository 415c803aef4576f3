internal import ChatCore

/// What a person typed on a terminal. Pure.
package enum TypedLine: Equatable, Sendable {
  /// These bytes go to the server, LF included.
  case send([UInt8])
  /// Leave.
  case leave
  /// Show this.
  case show(String)
  /// Nothing.
  case nothing

  /// What `/help` shows.
  package static let help = """
    /nick NAME       change your nickname
    /who             who is here
    /rooms           the rooms there are
    /msg NAME TEXT   tell one person something
    /quit            leave (so do exit, {quit} and Ctrl-D)
    //text           say /text
    """

  /// Reads a line as typed.
  ///
  /// - Parameters:
  ///   - text: the line without its LF.
  ///   - nickname: one's own: text that the server would take for a command is sent after it.
  package init(_ text: String, nickname: String) {
    let trimmed = text.trimmingSpaces()
    switch trimmed {
    case "": self = .nothing
    case "exit", "{quit}": self = .leave
    default:
      if trimmed.hasPrefix("//") {
        self = Self.say(String(trimmed.dropFirst()), nickname)
      } else if trimmed.hasPrefix("/") {
        self = Self.command(trimmed)
      } else {
        self = Self.say(text, nickname)
      }
    }
  }

  private static func say(_ text: String, _ nickname: String) -> TypedLine {
    let line = Array(text.utf8)
    let isTagged = TaggedLine.isTagged(line.span)
    return .send(Array((isTagged ? "\(nickname): " : "").utf8) + line + [UInt8(ascii: "\n")])
  }

  private static func command(_ line: String) -> TypedLine {
    let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
    let argument = parts.count == 2 ? parts[1].trimmingSpaces() : ""
    switch parts[0] {
    case "/help": return .show(help)
    case "/quit", "/exit": return .leave
    case "/who": return .send(TaggedLine("WHO", "").encoded())
    case "/rooms": return .send(TaggedLine("ROOMS", "").encoded())
    case "/nick":
      guard !argument.isEmpty else { return .show("/nick takes a name") }
      return .send(TaggedLine("NICK", argument).encoded())
    case "/msg":
      guard argument.contains(" ") else { return .show("/msg takes a name and a text") }
      return .send(TaggedLine("MSG", argument).encoded())
    default:
      return .show("There is no \(parts[0]); /help lists what there is, and //text says /text")
    }
  }
}

extension String {
  /// Without the spaces at both ends.
  fileprivate func trimmingSpaces() -> String {
    guard let first = firstIndex(where: { $0 != " " }), let last = lastIndex(where: { $0 != " " })
    else { return "" }
    return String(self[first...last])
  }
}
