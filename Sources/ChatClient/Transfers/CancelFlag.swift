internal import Synchronization

/// Tells a job of the worker's that nobody waits for it any more.
///
/// Thread: any.
final class CancelFlag: Sendable {
  // Relaxed: nothing else is handed over with it, and a piece more that is read is of no matter.
  private let flag = Atomic(false)

  /// Whether nobody waits.
  var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Nobody waits any more.
  func cancel() { flag.store(true, ordering: .relaxed) }
}
