internal import ChatClient
package import ChatClientModel
internal import ChatCore
package import ChatSystem

/// Plays a client's session that reads like one, in one thread: what the server sends and gets, what is typed, and
/// what the client displays.
///
///     accept
///     server> NICK
///     client> [HELLO]:1
///     client> alice
///     server> alice joined!
///     shown> alice joined!
///     types> hello
///     client> hello
///
/// `server>` sends a line, `server~` raw bytes; `client>` takes the client's next line, which has to be this; `types>`
/// is a line of input. `shown>`, `error>` and `picture>` take what was displayed next; `status>` looks at the row for the
/// status, and `status cleared` finds it empty. `accept` takes a connection,
/// `refuse` none; `cut` ends it, `input ends` the input, and `15 s pass` lets the client wait on a clock of the play's own.
/// `asks> GET k3Fq 0` takes what a transfer asks for, `gets> text` sends it bytes, and `gets all` ends the answer.
/// ⇥ stands for a TAB. Whatever the client sends or displays beyond the script is a failure.
package final class ClientPlay {
  private let output = RecordedOutput(hasStatusRow: true)
  private let options: ClientOptions
  private let style: Renderer.Style
  private let isTyped: Bool
  private let folder: DownloadFolder
  private var steps: ArraySlice<(number: Int, text: String)> = []
  private var client: ScriptedClient?

  /// What comes next, and has not been received.
  private var chunk: [UInt8] = []
  private var isCut = false
  /// What the client has sent, and the script has not taken.
  private var sent: [UInt8] = []
  private var displayed: [RecordedOutput.Entry] = []
  private var failures: [String] = []
  private let clock = PlayedClock()
  private let files = PlayedFiles()
  /// How long the client has to wait before the script goes on.
  private var pause: Duration = .zero

  /// - Parameters:
  ///   - isTyped: a person types; otherwise a pipe has the input.
  ///   - folder: where files are saved.
  package init(
    style: Renderer.Style, isTyped: Bool = true, room: String? = nil, folder: FilePath
  ) throws {
    (self.style, self.isTyped) = (style, isTyped)
    self.folder = try DownloadFolder(path: folder)
    var options = ClientOptions()
    options.room = room
    options.downloadFolder = folder
    self.options = options
  }

  /// Plays a whole session of alice's.
  ///
  /// - Returns: how the client ended, and what was not as the script has it.
  package func play(_ script: String) throws -> (exit: Int32, failures: [String]) {
    let lines = script.split(separator: "\n").map { String($0).replacing("⇥", with: "\t") }
    steps = lines.enumerated().map { (number: $0.offset + 1, text: $0.element) }[...]
    let client = try ScriptedClient(
      options: options, nickname: Nickname("alice"), style: style, isTyped: isTyped,
      folder: folder, output: output, clock: ClientClock { [clock] in clock.now },
      transfers: files.threads, files: { [files] in files }
    ) { [unowned self] in connect() }
    self.client = client
    let exit = client.run()
    // What is displayed at the end.
    while let step = steps.popFirst() { perform(step) }
    collect()
    failures += displayed.map { "not in the script: \($0)" }
    if !sent.isEmpty {
      failures.append("not in the script: \(String(decoding: sent, as: UTF8.self))")
    }
    return (exit.rawValue, failures)
  }

  /// The nicknames that can be completed.
  package var names: [String] { output.names }

  // MARK: What the client does

  private func connect() -> (any ClientTransport)? {
    (chunk, sent, isCut) = ([], [], false)
    // What is displayed before the client connects.
    while let step = steps.first, !["accept", "refuse"].contains(step.text) {
      steps = steps.dropFirst()
      perform(step)
    }
    return steps.popFirst()?.text == "accept" ? PlayedTransport(play: self) : nil
  }

  /// Does one step of the script, unless there is something to receive or the client has waited.
  ///
  /// - Returns: whether there is something to receive, the end included; `nil` if the step is done.
  fileprivate func goOn(for timeout: Duration?) -> Bool? {
    if !chunk.isEmpty || isCut { return true }
    if pause > .zero, let timeout {
      let time = min(pause, timeout)
      pause -= time
      clock.advance(by: time)
      return false
    }
    guard let step = steps.first, !["accept", "refuse"].contains(step.text) else {
      isCut = true
      return true
    }
    steps = steps.dropFirst()
    perform(step)
    return nil
  }

  fileprivate func receive(into buffer: inout [UInt8]) -> Int {
    while goOn(for: nil) != true {}
    let count = min(chunk.count, buffer.count)
    buffer.replaceSubrange(..<count, with: chunk[..<count])
    chunk.removeFirst(count)
    return count
  }

  fileprivate func send(_ bytes: Span<UInt8>) {
    for index in bytes.indices { sent.append(bytes[index]) }
  }

  // MARK: The script

  private func perform(_ step: (number: Int, text: String)) {
    let text = step.text
    func rest(_ count: Int) -> String { String(text.dropFirst(count)) }
    let failure: String? =
      if text.hasPrefix("server> ") {
        say(rest(8) + "\n")
      } else if text.hasPrefix("server~ ") {
        say(rest(8))
      } else if text.hasPrefix("client> ") {
        expect(line: rest(8))
      } else if text.hasPrefix("types> ") {
        type(rest(7))
      } else if text.hasPrefix("shown> ") {
        expect(.shown(rest(7)))
      } else if text.hasPrefix("error> ") {
        expect(.error(rest(7)))
      } else if text.hasPrefix("picture> ") {
        expect(.picture(FilePath(rest(9))))
      } else if text.hasPrefix("asks> ") {
        expect(request: rest(6))
      } else if text.hasPrefix("gets> ") {
        files.send(Array(rest(6).utf8)) ? nil : "nobody takes it"
      } else if text.hasPrefix("status> ") {
        expect(status: rest(8))
      } else {
        other(text)
      }
    if let failure { failures.append("line \(step.number), «\(text)»: \(failure)") }
  }

  private func say(_ text: String) -> String? {
    chunk += text.utf8
    return nil
  }

  private func type(_ line: String) -> String? {
    client?.type(Array(line.utf8))
    return nil
  }

  private func other(_ step: String) -> String? {
    if step.hasSuffix(" s pass"), let seconds = Int(step.dropLast(" s pass".count)) {
      pause = .seconds(seconds)
      return nil
    }
    switch step {
    case "status cleared": return expect(status: nil)
    case "cut": isCut = true
    case "input ends": client?.endInput()
    case "gets all": return files.finish() ? nil : "it goes on"
    default: return "unknown step"
    }
    return nil
  }

  private func expect(line: String) -> String? {
    while client?.write() == true {}
    guard let end = sent.firstIndex(of: UInt8(ascii: "\n")) else {
      return "the client sends nothing"
    }
    let found = String(decoding: sent[..<end], as: UTF8.self)
    sent.removeFirst(end + 1)
    return found == line ? nil : "the client sends '\(found)'"
  }

  private func expect(request: String) -> String? {
    let found = files.request()
    return found == request ? nil : "it is \(found ?? "none")"
  }

  private func expect(_ entry: RecordedOutput.Entry) -> String? {
    collect()
    guard !displayed.isEmpty else { return "nothing is displayed" }
    let found = displayed.removeFirst()
    return found == entry ? nil : "\(found)"
  }

  private func expect(status: String?) -> String? {
    output.status == status ? nil : "it is '\(output.status ?? "")'"
  }

  private func collect() { displayed += output.take() }
}

/// The clock of a play: it stands still until the client waits.
private final class PlayedClock: Sendable {
  private let time = Guarded(MonotonicTime(nanoseconds: 1_000_000_000))

  var now: MonotonicTime { time.withLock { $0 } }

  func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
}

/// One connection to the server of a play.
private final class PlayedTransport: ClientTransport, @unchecked Sendable {
  // Safety: one thread does everything.

  private let play: ClientPlay

  init(play: ClientPlay) { self.play = play }

  func waitUntilReadable(for timeout: Duration?) -> Bool {
    while true {
      if let isReadable = play.goOn(for: timeout) { return isReadable }
    }
  }

  func waitUntilReadable(
    for timeout: Duration, or wakeUp: borrowing WakeUp
  ) -> TCPTransport.Waking {
    while true {
      if wakeUp.wait(for: .zero) { return .signalled }
      if let isReadable = play.goOn(for: timeout) { return isReadable ? .readable : .timeOver }
    }
  }

  func receiveIfReady(into buffer: inout [UInt8]) -> Received {
    let count = play.receive(into: &buffer)
    return count > 0 ? .bytes(count) : .end
  }

  func sendAll(_ bytes: Span<UInt8>) { play.send(bytes) }

  func shutdownBoth() {}

  var unacknowledgedBytes: Int { 0 }
}
