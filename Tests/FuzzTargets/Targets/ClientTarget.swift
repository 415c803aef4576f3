internal import ChatClient
internal import ChatClientModel
internal import ChatCore
internal import ChatSystem
internal import ClientTestKit

/// The client's whole conversation: its decoder, its place in the room, its lines on their way, its files, and its
/// coming back. The input is a byte of choices, and a `ClientScript`.
enum ClientTarget {
  private static let styles: [Renderer.Style] = [.plain, .terminal, .json, .plain]

  /// Runs a client to its end.
  static func run(_ input: [UInt8]) {
    var reader = InputReader(input)
    let choices = reader.byte()
    let folder = ScratchFolder.shared
    guard let saved = folder.saved, let nickname = try? Nickname("alice") else { return }
    var options = ClientOptions()
    options.autoAcceptBytes = choices & 1 == 0 ? 16_000_000 : 0
    options.reconnects = choices & 2 == 0
    options.room = choices & 4 == 0 ? nil : "#swift"
    let isTyped = choices & 8 == 0
    let style = styles[Int(choices >> 4 & 3)]
    let script = ClientScript(reader, isTyped: isTyped)
    let client = try? ScriptedClient(
      options: options, nickname: nickname, style: style, isTyped: isTyped, folder: saved,
      output: SilentOutput(hasStatusRow: isTyped), transfers: script.threads,
      files: { ScriptedFiles(script) }
    ) { script.connect() }
    guard let client else { return }
    script.client = client
    _ = client.run()
    script.endConnection()
    script.dropTransfers()
    let (whole, bytes) = folder.empty()
    demand(bytes <= script.said.count, "\(bytes) bytes saved of \(script.said.count)")
    if !whole.isEmpty { check(whole, script.said) }
    Tally.note(.connection, script.connections)
    Tally.note(.fetched, whole.count)
    Tally.note(.sent, script.endedUploads)
  }

  /// Whatever is saved as a whole file has a checksum that the server named.
  private static func check(_ files: [[UInt8]], _ said: [UInt8]) {
    let text = String(decoding: said, as: UTF8.self).lowercased()
    for file in files {
      demand(text.contains(SampleFile.digest(of: file)), "a file with another checksum")
    }
  }
}

/// Displays nothing.
private final class SilentOutput: ClientOutput {
  let hasStatusRow: Bool
  init(hasStatusRow: Bool) { self.hasStatusRow = hasStatusRow }
  func display(_ lines: String) {}
  func advise(_ text: String) {}
  func complain(_ reason: String) {}
  func drawPicture(_ path: FilePath) {}
  func noteName(_ name: String) {}
  func setStatus(_ text: String?) {}
}
