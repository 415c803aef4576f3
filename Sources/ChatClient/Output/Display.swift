internal import ChatClientModel
internal import ChatCore

/// What is to be displayed, gathered until it is written: a busy room's lines go out many at once.
///
/// Thread: a value; its owner's.
struct Display {
  /// More bytes are not gathered.
  private static let fullBytes = 65_536

  private let renderer: Renderer
  private let output: any ClientOutput
  private var lines = ""

  init(renderer: Renderer, output: any ClientOutput) {
    (self.renderer, self.output) = (renderer, output)
  }

  /// Whether it should be written now.
  var isFull: Bool { lines.utf8.count >= Self.fullBytes }

  /// Adds a line of the server.
  ///
  /// - Parameter nickname: one's own.
  /// - Throws: as `flush` does.
  mutating func display(_ line: ServerLine, nickname: String) throws(ClientExit) {
    for name in line.people where name != nickname { output.noteName(name) }
    try add(renderer.render(line, nickname: nickname))
  }

  /// Adds a notice of the client itself.
  ///
  /// - Throws: as `flush` does.
  mutating func display(_ notice: Notice) throws(ClientExit) { try add(renderer.render(notice)) }

  private mutating func add(_ rendered: Renderer.Output) throws(ClientExit) {
    if let text = rendered.output { lines += text + "\n" }
    guard let text = rendered.error else { return }
    // Where both streams are one file, they keep their order.
    try flush()
    output.complain(text)
  }

  /// Writes what was gathered.
  ///
  /// - Throws: `ClientExit.lost` if it can't be written.
  mutating func flush() throws(ClientExit) {
    guard !lines.isEmpty else { return }
    defer { lines = "" }
    try output.display(lines)
  }
}

extension ServerLine {
  /// Who says something, has come, or is here.
  fileprivate var people: [String] {
    switch self {
    case .room(.said(by: let name, _)), .message(from: let name, _, _), .room(.joined(let name)),
      .room(.renamed(from: _, to: let name)):
      [name]
    case .reply(.who(let names, _)): names
    default: []
    }
  }
}
