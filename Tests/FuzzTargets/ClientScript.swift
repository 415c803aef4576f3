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
/// | `j` | a transfer runs; what comes of its requests follows: see `ScriptedFiles` |
/// | `h`, `n` and a digit | what a `SampleFile` is |
/// | anything else | itself |
final class ClientScript: @unchecked Sendable {
  // Safety: one thread does everything.

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
  /// The transfers that have not begun.
  private var transfers: [@Sendable () -> Void] = []
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
    SentBytes.check(received, isTyped: isTyped)
    received = []
  }

  /// Forgets the transfers that did not begin: they hold what they were made of, descriptors among it.
  func dropTransfers() { transfers = [] }

  /// Where transfers run: on this thread, when the script says so, and without a pause.
  var threads: TransferThreads {
    TransferThreads(waits: false) { [weak self] body in
      self?.transfers.append(body)
    }
  }

  // MARK: What comes of requests for files

  /// Three bits.
  func choice() -> UInt8 { reader.byte() & 7 }
  /// Eight bytes.
  func number() -> UInt64 { reader.number() }
  /// Up to 255 bytes, that many as the first says.
  func someBytes() -> [UInt8] { reader.bytes(Int(reader.byte())) }
  /// A file of the script's.
  func sample() -> SampleFile { SampleFile.next(&reader) }
  /// Bytes of a file are sent.
  func note(said bytes: ArraySlice<UInt8>) { said += bytes }
  /// A file is sent to its end.
  func noteUpload() { endedUploads += 1 }

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
    guard "hn".utf8.contains(code) else { return reader.bytes(2) }
    _ = reader.bytes(2)
    return SampleFile.content(code, &reader)
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
    case "j":
      if !transfers.isEmpty { transfers.removeFirst()() }
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
