import ChatSystem
import Foundation

/// What the kernel can deliver: a process that only writes prepared bytes to its sockets, in turn, as fast as they take
/// them. No server can do better in pieces of that size.
struct KernelBound: ServerProgram {
  /// A `send` for each text, or one for as many as fit into 64 KiB.
  enum Piece: String, CaseIterable {
    case whole = "64K"
    case text

    /// Its name in the table.
    var name: String {
      switch self {
      case .whole: "kernel, 64 KiB pieces"
      case .text: "kernel, a text at a time"
      }
    }
  }

  /// The flag that makes this program the process that writes. Internal.
  static let flag = "--kernel-bound"

  let piece: Piece
  let receivers: Int
  var seconds = 1.5

  var name: String { piece.name }
  var program: String { "chat-bench" }

  func arguments(port: UInt16, folder: URL) -> [String] {
    [Self.flag, "\(port)", piece.rawValue, "\(receivers)", "\(Int(seconds * 1_000))"]
  }

  /// A text of 64 bytes as this project's server sends it.
  private static var line: [UInt8] {
    var bytes: [UInt8] = []
    var template = Message.Template(
      sender: 0, size: 64, before: Array("u000: ".utf8), after: [UInt8(ascii: "\n")])
    template.append(0, to: &bytes)
    return bytes
  }

  // MARK: Measuring

  /// Runs once: as a swarm's members, the receivers count the bytes and do not copy them.
  func run() throws -> Throughput.Sample {
    let server = try RunningServer(self)
    let readiness = try ReadinessSet()
    let streams = try (0..<receivers).map { index in
      let stream = try LineConnection(port: server.port).stream
      try readiness.change(stream.number, token: index, from: [], to: .receiving)
      return stream
    }
    let control = try LineConnection(port: server.port)
    try control.wait { $0 == "ready" }
    let serverBefore = server.processorSeconds
    let loadBefore = LoadGenerator.processorSeconds
    let start = MonotonicTime.now
    try control.send("go\n")
    try readiness.change(control.stream.number, token: receivers, from: [], to: .receiving)
    var received = 0
    var total: Int?
    while received != total {
      guard MonotonicTime.now - start < .seconds(seconds + 10) else {
        throw BenchError("not all bytes arrived")
      }
      try readiness.wait(milliseconds: 100) { token, _ in
        guard token < receivers else {
          try control.wait {
            total = Int($0)
            return true
          }
          return
        }
        let count = recv(
          streams[token].number, nil, 1 << 24, Int32(MSG_TRUNC | MSG_DONTWAIT))
        guard count > 0 || (count < 0 && errno == EAGAIN) else {
          throw BenchError("closed a connection")
        }
        received += max(0, count)
      }
    }
    return Throughput.Sample(
      deliveries: Double(received / Self.line.count),
      elapsed: (MonotonicTime.now - start) / .seconds(1),
      serverSeconds: server.processorSeconds - serverBefore,
      loadSeconds: LoadGenerator.processorSeconds - loadBefore)
  }

  // MARK: Writing

  /// Runs the process that writes.
  static func serve(_ arguments: [String]) throws {
    guard arguments.count == 4, let port = UInt16(arguments[0]),
      let piece = Piece(rawValue: arguments[1]), let receivers = Int(arguments[2]),
      let milliseconds = Int(arguments[3])
    else { throw BenchError("\(flag) PORT PIECE RECEIVERS MILLISECONDS") }
    let listener = try Listener(on: Address(host: "127.0.0.1", port: port))
    func accept() throws -> TCPTransport {
      guard let (stream, _) = try listener.accept() else { throw BenchError("no connection") }
      stream.sendAtOnce()
      return stream
    }
    let streams = try (0..<receivers).map { _ in try accept() }
    let control = try accept()
    try control.sendAll(Array("ready\n".utf8))
    var buffer = [UInt8](repeating: 0, count: 16)
    _ = try control.receive(into: &buffer)
    let line = line
    let pieces = piece == .text ? 1 : 65_536 / line.count
    let total = try write(
      [UInt8]((0..<pieces).map { _ in line }.joined()), to: streams,
      for: .milliseconds(milliseconds))
    try control.sendAll(Array("\(total)\n".utf8))
    _ = try control.receive(into: &buffer)
    withExtendedLifetime(streams) {}
  }

  /// Writes the bytes to each stream in turn, repeatedly; one that is full is skipped until it is writable again.
  ///
  /// - Returns: how many bytes were written, in whole pieces.
  private static func write(
    _ bytes: [UInt8], to streams: [TCPTransport], for time: Duration
  ) throws -> Int {
    let readiness = try ReadinessSet()
    /// How much of its current piece each stream has taken.
    var sent = [Int](repeating: 0, count: streams.count)
    var ready = Array(streams.indices)
    var total = 0
    let end = MonotonicTime.now + time
    var isOver = false
    // At the end, pieces that were begun are completed.
    while !isOver || ready.count < streams.count || sent.contains(where: { $0 > 0 }) {
      isOver = isOver || MonotonicTime.now >= end
      var full: [Int] = []
      var free: [Int] = []
      for index in ready {
        guard !isOver || sent[index] > 0 else {
          free.append(index)
          continue
        }
        let count = try bytes.withUnsafeBytes {
          try streams[index].send(UnsafeRawBufferPointer(rebasing: $0[sent[index]...])).count
        }
        guard count > 0 else {
          full.append(index)
          continue
        }
        free.append(index)
        total += count
        sent[index] = sent[index] + count == bytes.count ? 0 : sent[index] + count
      }
      for index in full {
        try readiness.change(streams[index].number, token: index, from: [], to: .sending)
      }
      ready = free
      guard ready.count < streams.count else { continue }
      try readiness.wait(milliseconds: ready.isEmpty ? -1 : 0) { index, _ in
        try readiness.change(streams[index].number, token: index, from: .sending, to: [])
        ready.append(index)
      }
    }
    return total
  }
}
