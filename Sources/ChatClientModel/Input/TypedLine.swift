internal import ChatCore

/// What a person typed on a terminal. Pure.
package enum TypedLine: Equatable, Sendable {
  /// This goes to the server.
  case send(OutgoingLine)
  /// Send the files of these paths.
  case sendFiles([[UInt8]])
  /// Get the file of this id or name.
  case get(String)
  /// End a transfer, by its id or name, or all of them.
  case cancel(String?)
  /// Leave.
  case leave
  /// Display this.
  case display(String)
  /// Nothing.
  case nothing

  /// How many lines `/history` brings if it does not say.
  private static let historyLines = 20

  /// What `/help` displays.
  package static let help = """
    /nick NAME       change your nickname
    /who             who is here
    /rooms           the public rooms
    /join NAME       go to a room: lobby, #name, or a private room's code
    /new             make a private room, and go there
    /msg NAME TEXT   tell one person something, wherever they are
    /history [N]     the last N lines of this room (20, at most 1000)
    /search WORDS    the lines of this room that hold these words
    /send PATH...    send files; write a space in a name as "a b" or a\\ b
    /files           the files of this room
    /get FILE        fetch one, by its id or name; what was cut off goes on
    /cancel [FILE]   stop a transfer, or all of them
    /quit            leave (so do exit, {quit}, Ctrl-D and Ctrl-C)
    //text           say /text
    """

  /// The commands, `/help` first, as it lists them.
  package static var commands: [String] {
    let words = help.split(separator: "\n").compactMap { $0.split(separator: " ").first }
    return ["/help"] + words.filter { $0.hasPrefix("/") && !$0.hasPrefix("//") }.map(String.init)
  }

  /// Reads a line as typed.
  ///
  /// - Parameters:
  ///   - line: without its LF. It becomes text, cleaned; but the paths of `/send` stay as they are.
  ///   - home: the folder that `~/` stands for.
  package init(_ line: [UInt8], home: [UInt8]? = nil) {
    let text = TextCleaner.clean(line.span)
    let trimmed = text.trimmingSpaces()
    switch trimmed {
    case "": self = .nothing
    case "exit", "{quit}": self = .leave
    default:
      if trimmed.hasPrefix("//") {
        self = Self.say(String(trimmed.dropFirst()))
      } else if trimmed.hasPrefix("/") {
        self = Self.command(trimmed, line, home)
      } else {
        self = Self.say(text)
      }
    }
  }

  private static func say(_ text: String) -> TypedLine { .send(.text(Array(text.utf8))) }

  private static func command(_ text: String, _ line: [UInt8], _ home: [UInt8]?) -> TypedLine {
    let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
    let argument = parts.count == 2 ? parts[1].trimmingSpaces() : ""
    switch parts[0] {
    case "/help": return .display(help)
    case "/quit", "/exit": return .leave
    case "/who": return ask("WHO", "")
    case "/rooms": return ask("ROOMS", "")
    case "/new": return ask("NEWROOM", "")
    case "/nick":
      return argument.isEmpty ? .display("/nick takes a name") : ask("NICK", argument)
    case "/join":
      return argument.isEmpty
        ? .display("/join takes a room: lobby, #name, or a private room's code")
        : ask("ROOM", argument)
    case "/msg":
      return argument.contains(" ")
        ? ask("MSG", argument) : .display("/msg takes a name and a text")
    case "/history":
      guard let count = argument.isEmpty ? historyLines : Int(argument), count > 0 else {
        return .display("/history takes how many lines")
      }
      return ask("HISTORY", "\(count)")
    case "/search":
      return argument.isEmpty ? .display("/search takes words") : ask("SEARCH", argument)
    case "/files": return ask("FILES", "")
    case "/get":
      guard !argument.isEmpty else {
        return .display("/get takes a file's id or name; /files lists them")
      }
      // A name may be written as /send takes it, or as it is.
      let words = ShellWords.split(Array(argument.utf8), home: nil)
      return .get(
        words.flatMap { $0.count == 1 ? String(decoding: $0[0], as: UTF8.self) : nil } ?? argument)
    case "/cancel": return .cancel(argument.isEmpty ? nil : argument)
    case "/send":
      guard let paths = ShellWords.split(Self.argument(of: line), home: home) else {
        return .display("a quote has no end; put a backslash before it if it belongs to the name")
      }
      return paths.isEmpty ? .display("/send takes the paths of files") : .sendFiles(paths)
    default:
      return .display("There is no \(parts[0]); /help lists what there is, and //text says /text")
    }
  }

  /// What follows the command.
  private static func argument(of line: [UInt8]) -> [UInt8] {
    let space = UInt8(ascii: " ")
    let command = line.drop(while: { $0 == space })
    let rest: ArraySlice<UInt8> = command.drop(while: { $0 != space })
    return Array(rest.drop(while: { $0 == space }))
  }

  private static func ask(_ tag: String, _ value: String) -> TypedLine {
    .send(.raw(TaggedLine(tag, value).encoded().dropLast()))
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
