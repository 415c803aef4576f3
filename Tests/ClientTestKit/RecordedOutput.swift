package import ChatClient
package import ChatSystem

/// What a client has displayed, for a test to look at.
///
/// Thread: any.
package final class RecordedOutput: ClientOutput {
  /// One thing that was displayed.
  package enum Entry: Equatable, Sendable, CustomStringConvertible {
    /// A line of standard output.
    case shown(String)
    /// A line of standard error; errors have the program's name in front.
    case error(String)
    /// An image that was to be drawn.
    case picture(FilePath)

    package var description: String {
      switch self {
      case .shown(let line): "shown: \(line)"
      case .error(let line): "error: \(line)"
      case .picture(let path): "picture: \(path)"
      }
    }
  }

  private struct State {
    var entries: [Entry] = []
    var status: String?
    var names: [String] = []
  }

  private let state = Guarded(State())
  package let hasStatusRow: Bool

  /// - Parameter hasStatusRow: there is a row for the status.
  package init(hasStatusRow: Bool = false) { self.hasStatusRow = hasStatusRow }

  /// Takes out what was displayed, in order.
  package func take() -> [Entry] {
    state.withLock { state in
      defer { state.entries = [] }
      return state.entries
    }
  }

  /// The row for the status, as it is now.
  package var status: String? { state.withLock { $0.status } }

  /// The nicknames that can be completed.
  package var names: [String] { state.withLock { $0.names } }

  package func display(_ lines: String) throws(ClientExit) {
    add(lines.split(separator: "\n").map { .shown(String($0)) })
  }

  package func advise(_ text: String) { add([.error(text)]) }

  package func complain(_ reason: String) { add([.error("chat-client: \(reason)")]) }

  package func drawPicture(_ path: FilePath) { add([.picture(path)]) }

  package func noteName(_ name: String) { state.withLock { $0.names.append(name) } }

  package func setStatus(_ text: String?) { state.withLock { $0.status = text } }

  private func add(_ entries: [Entry]) {
    state.withLock { $0.entries += entries }
  }
}
