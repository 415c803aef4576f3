internal import ChatCore
internal import ChatServer
internal import ChatSystem
internal import Glibc

/// A server's session with everything behind it: rooms, history, files. The input is what a client sends over a
/// connection, in which FF stands for what a `SampleFile` is, and
///
/// | FF and | what it is |
/// | --- | --- |
/// | `p` | wait until the server has done what was asked so far |
/// | `i` | the id of the last file that the server told of |
///
/// Somebody else sits in the lobby, and must get whole clean lines, whatever the client does.
enum SessionTarget {
  static func run(_ input: [UInt8]) { FuzzedServer.current()?.serve(input) }
}

/// A server on a port of 127.0.0.1, and a member of its lobby.
private final class FuzzedServer {
  /// Its history grows: after so many clients another one begins.
  private static let mostClients = 5_000
  /// Whatever takes longer hangs.
  private static let patience: Duration = .seconds(8)

  private struct Failure: Error {}

  /// The targets are run by one thread.
  nonisolated(unsafe) private static var running: FuzzedServer?

  static func current() -> FuzzedServer? {
    if let server = running, server.clients < mostClients { return server }
    running?.end()
    running = try? FuzzedServer()
    demand(running != nil, "no server can be started")
    return running
  }

  private let server: Server
  private let witness: ScriptedPeer
  private let data: FilePath
  private var clients = 0

  private init() throws {
    Process.ignoreBrokenPipes()
    data = ScratchFolder.shared.newFolder()
    var options = ServerOptions()
    options.port = 0
    options.rate = 0
    options.dataFolder = data
    options.maxFileBytes = 100_000
    options.maxFilesBytes = 1_000_000
    server = try Server(options: options, log: EventLog(level: .error))
    try server.start()
    witness = ScriptedPeer(try TCPTransport.connect(to: server.addresses[0]))
    witness.send(Array("[HELLO]:1\nwitness\n".utf8), until: .now + Self.patience)
    let isIn = witness.receive(until: .now + Self.patience) { $0.hasSaid("Connected to server!") }
    guard isIn else { throw Failure() }
  }

  private func end() {
    witness.close()
    server.stop()
    ScratchFolder.shared.remove(data)
  }

  func serve(_ input: [UInt8]) {
    clients += 1
    Tally.note(.connection)
    guard let stream = try? TCPTransport.connect(to: server.addresses[0]) else {
      return demand(false, "nobody can connect")
    }
    let peer = ScriptedPeer(stream)
    let deadline = MonotonicTime.now + Self.patience
    var reader = InputReader(Self.withoutCodes(input))
    var segment: [UInt8] = []
    var questions = 0
    while !reader.isAtEnd {
      let byte = reader.byte()
      guard byte == 0xFF, !reader.isAtEnd, segment.count < 1 << 20 else {
        segment.append(byte)
        continue
      }
      let code = reader.byte()
      switch Unicode.Scalar(code) {
      case "p":
        questions += 1
        let token = "fuzz-\(questions)"
        peer.send(segment + Array("[PING]:\(token)\n".utf8), until: deadline)
        segment = []
        // It is not answered where it is part of a file.
        _ = peer.receive(until: min(deadline, .now + .milliseconds(20))) { $0.hasSaid(token) }
      case "i": segment += peer.lastFile
      default: segment += SampleFile.content(code, &reader) ?? [byte, code]
      }
    }
    peer.send(segment, until: deadline)
    peer.end()
    let hasEnded = peer.receive(until: deadline) { $0.isAtEnd }
    demand(hasEnded, "the server does not end a connection")
    // The other one has read what was said up to here.
    _ = witness.receive(until: .now) { _ in false }
    demand(!witness.isAtEnd, "somebody else was cut")
  }

  /// Codes of private rooms are answered after a pause.
  private static func withoutCodes(_ input: [UInt8]) -> [UInt8] {
    var output = input
    let tag = Array("[ROOM]:".utf8)
    var index = 0
    while index + tag.count + 6 <= output.count {
      if output[index...].starts(with: tag) { output[index + tag.count] = UInt8(ascii: "#") }
      index += 1
    }
    return output
  }
}

/// One who talks to a server, and looks at every line that comes.
private final class ScriptedPeer {
  private let stream: TCPTransport
  private var framer = LineFramer(limit: Limits.serverLineBytes)
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var lastLine: [UInt8] = []
  private(set) var isAtEnd = false
  /// The id of the last file that was told of.
  private(set) var lastFile = Array("k3Fq9ZxY1bQw".utf8)

  init(_ stream: TCPTransport) { self.stream = stream }

  /// Whether the last line that has come has this in it.
  func hasSaid(_ text: String) -> Bool {
    String(decoding: lastLine, as: UTF8.self).contains(text)
  }

  /// Sends bytes, receiving what comes meanwhile; what the server does not want any more is dropped.
  func send(_ bytes: [UInt8], until deadline: MonotonicTime) {
    var sent = 0
    while sent < bytes.count, !isAtEnd {
      demand(.now < deadline, "the server takes nothing")
      // Sound: the bytes are read inside the closure alone.
      let result = bytes.withUnsafeBytes {
        try? stream.send(UnsafeRawBufferPointer(rebasing: $0[sent...]))
      }
      sent += result?.count ?? 0
      if result?.count ?? 0 == 0 { _ = receive(until: .now + .milliseconds(1)) { _ in false } }
    }
  }

  /// Receives what comes until something is so.
  ///
  /// - Returns: false if the time was over before.
  func receive(until deadline: MonotonicTime, _ isDone: (ScriptedPeer) -> Bool) -> Bool {
    while !isDone(self), !isAtEnd {
      let left = max(.zero, deadline - .now)
      guard (try? stream.waitUntilReadable(for: left)) == true else { return false }
      let count = (try? stream.receive(into: &buffer)) ?? 0
      isAtEnd = count == 0
      let chunk = buffer
      framer.feedMixed(chunk.span.extracting(0..<count)) { frame in
        switch frame {
        case .line(let line): return take(line)
        case .tooLong: demand(false, "the server's line is too long")
        case .bytes: break
        case .bytesEnd: break
        }
        return nil
      }
    }
    return isDone(self)
  }

  func end() { stream.shutdownWriting() }

  func close() { stream.shutdownBoth() }

  /// - Returns: the raw bytes that follow a line.
  private func take(_ line: Span<UInt8>) -> Payload? {
    lastLine = Array(copying: line)
    if lastLine.starts(with: "<END>".utf8) { Tally.note(.fetched) }
    Demands.clean(lastLine, "what the server sends")
    guard let tagged = try? TaggedLine(line, limit: Limits.serverLineBytes) else { return nil }
    if ["FILE", "FILES"].contains(tagged.tag), let id = tagged["id"] {
      lastFile = Array(id.utf8)
      if tagged.tag == "FILE" { Tally.note(.kept) }
    }
    if tagged["end"] != nil { Tally.note(.answered) }
    guard tagged.tag == "FILE", tagged["id"] == nil else { return nil }
    return tagged["size"].flatMap { UInt64($0) }.map { .counted($0) }
  }
}
