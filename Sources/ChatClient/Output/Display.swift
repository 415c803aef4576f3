internal import ChatClientModel
internal import ChatCore

/// What is to be shown, gathered until it is written: a busy room's lines go out many at once.
///
/// Thread: a value; its owner's.
struct Display {
  /// So many bytes are not gathered further.
  private static let fullBytes = 65_536

  private let renderer: Renderer
  private var output = ""

  init(renderer: Renderer) { self.renderer = renderer }

  /// Whether it should be written now.
  var isFull: Bool { output.utf8.count >= Self.fullBytes }

  /// Adds a line of the server's.
  ///
  /// - Parameters:
  ///   - line: what the server said.
  ///   - nickname: one's own.
  /// - Throws: as `flush` does.
  mutating func show(_ line: ServerLine, nickname: String) throws(ClientExit) {
    for name in line.people where name != nickname { Screen.noteName(name) }
    try add(renderer.render(line, nickname: nickname))
  }

  /// Adds a notice of the client itself.
  ///
  /// - Throws: as `flush` does.
  mutating func tell(_ notice: Notice) throws(ClientExit) { try add(renderer.render(notice)) }

  private mutating func add(_ rendered: Renderer.Output) throws(ClientExit) {
    if let text = rendered.output { output += text + "\n" }
    guard let text = rendered.error else { return }
    // Where both streams are one file, they keep their order.
    try flush()
    Screen.complain(text)
  }

  /// Writes what was gathered.
  ///
  /// - Throws: `ClientExit.lost` if it can't be written.
  mutating func flush() throws(ClientExit) {
    guard !output.isEmpty else { return }
    defer { output = "" }
    try Screen.show(output)
  }
}

extension ServerLine {
  /// Who says something, has come, or is here.
  fileprivate var people: [String] {
    switch self {
    case .said(by: let name, _), .message(from: let name, _, _), .joined(let name),
      .renamed(from: _, to: let name):
      [name]
    case .who(let names, _): names
    default: []
    }
  }
}
