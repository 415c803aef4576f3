import ChatSystem

/// The first line that a child process writes: somebody waits for it.
///
/// Thread: any.
final class AwaitedLine: Sendable {
  private struct State {
    var line: (time: MonotonicTime, text: String)?
  }

  private let state = Guarded(State())

  /// Notes a line; later ones are ignored.
  func note(_ bytes: UnsafeRawBufferPointer) {
    let now = MonotonicTime.now
    state.withLock {
      if $0.line == nil { $0.line = (now, String(decoding: bytes, as: UTF8.self)) }
    }
    state.wake()
  }

  /// Waits for it.
  ///
  /// - Returns: when it came, and what it says; `nil` if it doesn't come in time.
  func wait(_ limit: Duration) -> (time: MonotonicTime, text: String)? {
    state.wait(until: .now + limit) { $0.line }
  }
}
