internal import ChatClient
internal import ChatSystem
internal import ClientTestKit

/// What a hostile server sends, and what happens meanwhile, as one input has it.
///
/// All bytes are the server's, but for those after an FF, which no UTF-8 holds:
///
/// | FF and | what it is |
/// | --- | --- |
/// | `c` | here ends what comes at once |
/// | `x` | the connection ends |
/// | `r` | the next connection is refused |
/// | `t`, up to LF | a line of input |
/// | `e` | the input ends |
/// | `w`, `W` | the client sends once, or all that waits |
/// | `j` | a file is read |
/// | `h`, `n`, `s`, `b` and a digit | what a `SampleFile` is |
/// | `f` and a digit, up to LF | the whole file in frames under this id |
/// | anything else | itself |
final class ClientScript {
  /// So many bytes a server may send for each input.
  private static let mostBytes = 1_048_576

  private var reader: InputReader
  /// What comes next, and has not been received.
  private var chunk: [UInt8] = []
  private var isEnded = false
  private var refusesNext = false
  /// All that the server has sent.
  private(set) var said: [UInt8] = []
  /// How often somebody connected.
  private(set) var connections = 0
  /// What the client has sent over the present connection.
  private(set) var received: [UInt8] = []
  /// How many files the client has sent to their end.
  private(set) var endedUploads = 0
  private let isTyped: Bool
  weak var client: ScriptedClient?

  init(_ reader: InputReader, isTyped: Bool) {
    self.reader = reader
    self.isTyped = isTyped
  }

  // MARK: What the client does

  /// `nil` if the server can't be reached.
  func connect() -> ScriptedTransport? {
    endConnection()
    guard !refusesNext, !reader.isAtEnd else {
      refusesNext = false
      return nil
    }
    connections += 1
    (isEnded, chunk) = (false, [])
    return ScriptedTransport(script: self)
  }

  /// Does one thing of the script, unless there is something to receive.
  ///
  /// - Returns: whether there is, the end included.
  func goOn() -> Bool {
    guard chunk.isEmpty, !isEnded else { return true }
    step()
    return false
  }

  func receive(into buffer: inout [UInt8]) -> Int {
    while !goOn() {}
    let count = min(chunk.count, buffer.count)
    buffer.replaceSubrange(..<count, with: chunk[..<count])
    chunk.removeFirst(count)
    return count
  }

  func send(_ bytes: Span<UInt8>) {
    // Safety: the pointer is used inside the closure alone, and the array copies what it points to.
    bytes.withUnsafeBufferPointer { received.append(contentsOf: $0) }
  }

  /// Looks at what the client has sent.
  func endConnection() {
    endedUploads += SentBytes.check(received, isTyped: isTyped)
    received = []
  }

  // MARK: The script

  private func step() {
    while let byte = reader.rest.first {
      guard byte == 0xFF, let code = reader.rest.dropFirst().first else {
        say(reader.bytes(1))
        continue
      }
      if let bytes = content(code) {
        say(bytes)
        continue
      }
      // What was said before comes before what happens now.
      if !chunk.isEmpty { return }
      _ = reader.bytes(2)
      return perform(code)
    }
    isEnded = chunk.isEmpty
  }

  private func say(_ bytes: [UInt8]) {
    guard said.count + bytes.count <= Self.mostBytes else { return }
    chunk += bytes
    said += bytes
  }

  /// The bytes of a file that stand for FF and a letter; `nil` if something happens instead.
  private func content(_ code: UInt8) -> [UInt8]? {
    if "cxrtewWj".utf8.contains(code) { return nil }
    guard "hnsbf".utf8.contains(code) else { return reader.bytes(2) }
    _ = reader.bytes(2)
    if let bytes = SampleFile.content(code, &reader) { return bytes }
    let file = SampleFile.next(&reader)
    return Self.frames(of: file, id: reader.bytes(upTo: UInt8(ascii: "\n")))
  }

  private static func frames(of file: SampleFile, id: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var offset = 0
    while offset < file.bytes.count {
      let frame = file.bytes[offset...].prefix(65_536)
      bytes += Array("[DATA]:".utf8) + id
      bytes += Array("\toffset=\(offset)\tsize=\(frame.count)\n".utf8) + frame
      offset += frame.count
    }
    return bytes + Array("<END>\tid=".utf8) + id + [UInt8(ascii: "\n")]
  }

  private func perform(_ code: UInt8) {
    switch Unicode.Scalar(code) {
    case "x": isEnded = true
    case "r": refusesNext = true
    case "t":
      let line = reader.bytes(upTo: UInt8(ascii: "\n"))
      client?.type(line)
    case "e": client?.endInput()
    case "w": _ = client?.write()
    case "W": for _ in 0..<64 where client?.write() == true {}
    case "j": _ = client?.readFile()
    default: break
    }
  }
}

/// One connection to the server of a script.
final class ScriptedTransport: ClientTransport, @unchecked Sendable {
  // Safety: one thread does everything.

  private let script: ClientScript

  init(script: ClientScript) { self.script = script }

  func waitUntilReadable(for timeout: Duration?) -> Bool {
    while !script.goOn() {}
    return true
  }

  func waitUntilReadable(
    for timeout: Duration, or wakeUp: borrowing WakeUp
  ) -> TCPTransport.Waking {
    while true {
      if wakeUp.wait(for: .zero) { return .signalled }
      if script.goOn() { return .readable }
    }
  }

  func receiveIfReady(into buffer: inout [UInt8]) -> Received {
    let count = script.receive(into: &buffer)
    return count > 0 ? .bytes(count) : .end
  }

  func sendAll(_ bytes: Span<UInt8>) { script.send(bytes) }

  func shutdownBoth() {}

  var unacknowledgedBytes: Int { 0 }
}
