internal import ChatCore
internal import ChatSystem

/// A transfer that runs, as two threads see it: its own, which reports how far it is, and the receive thread, which may
/// end it.
///
/// Thread: any.
final class TransferControl: Sendable {
  /// A file that is being sent, once it is read.
  struct Source: Sendable {
    let name: FileName
    let digest: SHA256Digest
    let size: UInt64
  }

  /// Why it is to end.
  enum Ending: Sendable {
    /// A person does not want it any more.
    case unwanted
    /// It can't go on now; it may later.
    case interrupted
    /// The file is with the server already.
    case arrived
  }

  private struct State {
    var bytes: UInt64 = 0
    var size: UInt64 = 0
    var isMoving = false
    var source: Source?
    var ending: Ending?
    var stop: (@Sendable () -> Void)?
  }

  private let state = Guarded(State())

  // MARK: Its own thread

  /// Bytes come or go from here on.
  func begin(at bytes: UInt64, of size: UInt64) {
    state.withLock { ($0.bytes, $0.size, $0.isMoving) = (bytes, size, true) }
  }

  /// So many bytes are here, or there.
  func note(_ bytes: UInt64) { state.withLock { $0.bytes = bytes } }

  /// The file to send is read.
  func prepared(_ source: Source) { state.withLock { $0.source = source } }

  /// Has `cancel` call this; at once, if it was called already.
  func onCancel(_ stop: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.stop = stop
      return state.ending != nil
    }
    if isCancelled { stop() }
  }

  /// Whether it is to end.
  var isCancelled: Bool { ending != nil }

  /// Why it is to end; `nil` while it goes on.
  var ending: Ending? { state.withLock { $0.ending } }

  /// Waits.
  ///
  /// - Returns: false if it is to end.
  func wait(for duration: Duration) -> Bool {
    state.wait(until: .now + duration) { $0.ending == nil ? nil : false } ?? true
  }

  // MARK: The receive thread

  /// How far it is; `nil` if no bytes come or go yet.
  var progress: (bytes: UInt64, size: UInt64)? {
    state.withLock { $0.isMoving ? ($0.bytes, $0.size) : nil }
  }

  /// The file to send; `nil` before it is read.
  var source: Source? { state.withLock { $0.source } }

  /// Ends it.
  func cancel(_ ending: Ending) {
    let stop = state.withLock { state in
      state.ending = state.ending ?? ending
      return state.stop
    }
    state.wake()
    stop?()
  }
}
