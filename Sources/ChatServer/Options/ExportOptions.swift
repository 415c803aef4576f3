package import ChatCore
internal import ChatFlags
package import ChatHistory
package import ChatSystem

/// The options of `chat-server export`.
package struct ExportOptions: Sendable {
  /// The folder of the history.
  package let folder: FilePath
  /// The room to print.
  package let room: RoomName
  /// The output format.
  package let format: HistoryExport.Format

  /// Parses a command line, without the program's name and `export`.
  ///
  /// - Throws: `UsageError` for the person who typed it.
  static func parse(
    _ arguments: [[UInt8]], stateFolder: FilePath
  ) throws(UsageError) -> ServerOptions.Command {
    var folder = stateFolder
    var room: RoomName?
    var format = HistoryExport.Format.text
    var parser = FlagParser(arguments)
    while let item = try parser.next() {
      switch item {
      case .flag("--data"): folder = FilePath(try parser.bytes())
      case .flag("--room"):
        let name = try parser.value()
        do { room = try RoomName(name) } catch { throw UsageError("--room: \(error.reason)") }
      case .flag("--format"):
        switch try parser.value() {
        case "text": format = .text
        case "json": format = .json
        case let name: throw UsageError("--format takes text or json, not '\(name)'")
        }
      case .flag("--help"), .flag("-h"):
        try parser.endFlag()
        return .help
      case .flag("--version"):
        try parser.endFlag()
        return .version
      case .flag: throw parser.unknownFlag
      case .operand(let word): throw UsageError("unexpected '\(word)'")
      }
    }
    guard let room else { throw UsageError("export needs --room NAME") }
    return .export(ExportOptions(folder: folder, room: room, format: format))
  }
}
