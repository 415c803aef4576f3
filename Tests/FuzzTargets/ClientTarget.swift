internal import ChatClient
internal import ChatCore

/// The client's whole conversation: its decoder, its place in the room, its lines on their way, its files, and its
/// coming back. The input is a byte of choices, and a `ClientScript`.
package enum ClientTarget {
  /// What came of an input: tells how deep it reached.
  package struct Outcome: Sendable, CustomStringConvertible {
    /// How often the client connected.
    package private(set) var connections: Int
    /// How many files it has fetched, whole and checked.
    package private(set) var savedFiles: Int
    /// How many files it has sent to their end.
    package private(set) var sentFiles: Int

    /// Nothing came of nothing.
    package static let none = Outcome(connections: 0, savedFiles: 0, sentFiles: 0)

    /// Adds what came of another input.
    package static func += (sum: inout Outcome, other: Outcome) {
      sum.connections += other.connections
      sum.savedFiles += other.savedFiles
      sum.sentFiles += other.sentFiles
    }

    package var description: String {
      "\(connections) connections, \(savedFiles) files fetched, \(sentFiles) files sent"
    }
  }

  private static let styles: [Renderer.Style] = [.plain, .terminal, .json, .plain]

  /// Runs a client to its end.
  package static func run(_ input: [UInt8]) -> Outcome {
    var reader = InputReader(input)
    let choices = reader.byte()
    let folder = ScratchFolder.shared
    guard let saved = folder.saved, let nickname = try? Nickname("alice") else { return .none }
    var options = ClientOptions()
    options.autoAcceptBytes = choices & 1 == 0 ? 16_000_000 : 0
    options.comesBack = choices & 2 == 0
    options.room = choices & 4 == 0 ? nil : "#swift"
    let isTyped = choices & 8 == 0
    let style = styles[Int(choices >> 4 & 3)]
    let script = ClientScript(reader, isTyped: isTyped)
    let client = try? ScriptedClient(
      options: options, nickname: nickname, style: style, isTyped: isTyped, folder: saved
    ) { script.connect() }
    guard let client else { return .none }
    script.client = client
    _ = client.run()
    script.endConnection()
    let (whole, bytes) = folder.empty()
    demand(bytes <= script.said.count, "\(bytes) bytes saved of \(script.said.count)")
    if !whole.isEmpty { check(whole, script.said) }
    return Outcome(
      connections: script.connections, savedFiles: whole.count, sentFiles: script.endedUploads)
  }

  /// Whatever is saved as a whole file has a checksum that the server named.
  private static func check(_ files: [[UInt8]], _ said: [UInt8]) {
    let text = String(decoding: said, as: UTF8.self).lowercased()
    for file in files {
      demand(text.contains(ClientScript.File.digest(of: file)), "a file with another checksum")
    }
  }
}
