import ChatSystem
import Synchronization

/// A file that goes through connections of its own, again and again until it is stopped: a thread for each connection.
///
/// Thread: any.
final class FileTraffic: Sendable {
  private struct State {
    /// How many threads have not ended.
    var running: Int
    var error: (any Error)?
  }

  private let state: Guarded<State>
  private let isStopped = Atomic<Bool>(false)
  private let count = Atomic<Int>(0)

  /// The bytes that have gone so far. Relaxed: they order nothing.
  var bytes: Int { count.load(ordering: .relaxed) }

  /// Has so many receivers download a file.
  ///
  /// - Parameter bytesPerSecond: each receives no faster than that; as fast as it can without it.
  static func downloads(
    of file: ServedFile, receivers: Int, bytesPerSecond: Int? = nil
  ) throws -> FileTraffic {
    let (path, ports) = (file.path, (0..<receivers).map { file.port(for: $0) })
    let perByte = bytesPerSecond.map { Duration.seconds(1) / $0 }
    return try FileTraffic(receivers) { number, traffic in
      let start = MonotonicTime.now
      var received = 0
      try HTTPConnection(port: ports[number]).get(path) {
        received += $0.count
        if let perByte { SystemThread.sleep(until: start + perByte * received) }
        return traffic.note($0.count)
      }
    }
  }

  /// Has somebody send a file to the lobby.
  static func upload(of source: SourceFile, to port: UInt16) throws -> FileTraffic {
    try FileTraffic(1) { _, traffic in
      _ = try HTTPConnection(port: port).put(source, as: "sender") { traffic.note($0) }
    }
  }

  private init(
    _ threads: Int, _ transfer: @escaping @Sendable (Int, FileTraffic) throws -> Void
  ) throws {
    state = Guarded(State(running: threads))
    for number in 0..<threads {
      try SystemThread.start(named: "file") { self.run { try transfer(number, self) } }
    }
  }

  /// Counts bytes.
  ///
  /// - Returns: whether more are wanted.
  private func note(_ bytes: Int) -> Bool {
    count.add(bytes, ordering: .relaxed)
    return !isStopped.load(ordering: .relaxed)
  }

  private func run(_ transfer: () throws -> Void) {
    var failure: (any Error)?
    while failure == nil, !isStopped.load(ordering: .relaxed) {
      do { try transfer() } catch { failure = error }
    }
    state.withLock {
      $0.running -= 1
      $0.error = $0.error ?? failure
    }
    state.wake()
  }

  /// Breaks off what is going, without waiting for it.
  func cancel() { isStopped.store(true, ordering: .relaxed) }

  /// Breaks off what is going, and waits until all threads have ended.
  ///
  /// - Throws: what a transfer failed with.
  func stop() throws {
    cancel()
    let hasEnded = state.wait(until: .now + .seconds(60)) { $0.running == 0 ? true : nil }
    guard hasEnded != nil else { throw BenchError("a transfer does not end") }
    if let error = state.withLock({ $0.error }) { throw error }
  }
}
