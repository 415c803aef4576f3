import ChatSystem

/// A member of the lobby that reads its lines on a thread of its own, as a client does, and notes how late they are.
///
/// Owns: the thread, until `stop`.
///
/// Thread: any.
final class TalkReader: Sendable {
  private struct State {
    var latencies = LatencyHistogram()
    /// The number of the next text.
    var next = 0
    var isStopped = false
    var error: (any Error)?
  }

  private let state = Guarded(State())
  private let transport: any LoadTransport

  /// Comes in, and reads the texts of so many bytes that the first sender of a swarm says.
  init(_ nickname: String, _ subject: any Subject, port: UInt16, size: Int) throws {
    let connection = try subject.connect(to: port)
    try subject.begin(connection, name: nickname, room: nil)
    try subject.enter(connection)
    transport = connection.stream
    // Safety: from here on, the thread alone uses the connection.
    nonisolated(unsafe) let own = connection
    try SystemThread.start(named: "reader") { self.read(own, size: size) }
  }

  /// The latencies since the last call.
  ///
  /// - Throws: what ended the thread; `BenchError` if a text was lost.
  func takeLatencies() throws -> LatencyHistogram {
    try state.withLock { state in
      if let error = state.error { throw error }
      defer { state.latencies = LatencyHistogram() }
      return state.latencies
    }
  }

  /// How many texts it has received.
  var heard: Int { state.withLock { $0.next } }

  /// Leaves.
  func stop() {
    state.withLock { $0.isStopped = true }
    transport.shutdownBoth()
  }

  private func read(_ connection: LineConnection, size: Int) {
    do {
      try connection.wait { line in
        let now = MonotonicTime.now
        var line = line
        let text = line.withUTF8 { Message.parse(UnsafeRawBufferPointer($0), size: size) }
        guard let text, text.sender == 0 else { return false }
        try state.withLock {
          guard text.number == $0.next else { throw BenchError("text \($0.next) was lost") }
          $0.next += 1
          $0.latencies.add(now.nanoseconds - text.nanoseconds)
        }
        return false
      }
    } catch {
      state.withLock { if !$0.isStopped { $0.error = error } }
    }
  }
}
