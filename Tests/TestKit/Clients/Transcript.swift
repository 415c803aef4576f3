import ChatSystem

/// Plays a conversation that reads like one.
///
///     alice connects
///     alice< NICK
///     alice> alice
///     alice< alice joined!
///     bob closes
///     alice< (end)
///
/// `name> text` sends a line, `name< text` takes the next one, which has to be this. ⇥ stands for
/// a TAB. The token of `[WELCOME]`, another one each time, is left out. `name leaves off` ends what it sends and still reads; `name closes` ends both.
package struct Transcript {
  private let server: TestServer
  private var sockets: [String: TestSocket] = [:]

  package init(_ server: TestServer) { self.server = server }

  /// Plays it from where the last one ended.
  package mutating func play(_ script: String) throws {
    for (number, line) in script.split(separator: "\n").enumerated() {
      do { try play(line: String(line)) } catch {
        throw Failure("line \(number + 1), «\(line)»: \(error)")
      }
    }
  }

  /// Somebody's socket.
  package subscript(name: String) -> TestSocket? { sockets[name] }

  private mutating func play(line: String) throws {
    let text = line.replacing("⇥", with: "\t")
    guard let end = text.firstIndex(where: { " <>".contains($0) }) else {
      throw Failure("a line is name> text, name< text, or name connects or closes")
    }
    let name = String(text[..<end])
    let rest = String(text[text.index(after: end)...])
    if text[end] == " " {
      switch rest {
      case "connects": sockets[name] = try server.connect()
      case "leaves off": try socket(name).stream.shutdownWriting()
      case "closes": sockets[name] = nil
      default: throw Failure("nobody can '\(rest)'")
      }
      return
    }
    let content = rest.hasPrefix(" ") ? String(rest.dropFirst()) : rest
    if text[end] == ">" {
      try socket(name).send(content + "\n")
    } else if content.hasPrefix("[WELCOME]:1") {
      _ = try socket(name).expectWelcome(content)
    } else if content == "(end)" {
      try socket(name).expectEnd()
    } else {
      try socket(name).expect(content)
    }
  }

  private func socket(_ name: String) throws -> TestSocket {
    guard let socket = sockets[name] else { throw Failure("\(name) is not connected") }
    return socket
  }
}
