internal import ChatClientModel
internal import ChatSystem
internal import Synchronization

/// A thread that reads files from end to end, so that no other thread waits for a disk.
///
/// Thread: any may ask; jobs are done one after another, in the order they came.
package final class FileWorker: Sendable {
  private struct State {
    var jobs = Fifo<@Sendable () -> Void>()
    var isRunning = false
  }

  private let state = Guarded(State())
  /// Whether jobs wait until `doNext` is called; no thread is started then.
  private let isManual: Bool

  /// - Parameter isManual: jobs are done by `doNext` alone.
  package init(isManual: Bool = false) { self.isManual = isManual }

  /// Does a job on the worker's thread, which starts with the first.
  func run(_ job: @escaping @Sendable () -> Void) {
    let starts = state.withLock { state in
      state.jobs.append(job)
      defer { state.isRunning = true }
      return !state.isRunning && !isManual
    }
    state.wake()
    guard starts else { return }
    do { try SystemThread.start(named: "files") { self.work() } } catch {
      // Without a thread it is done here; the next job tries again.
      state.withLock { $0.isRunning = false }
      while doNext() {}
    }
  }

  /// Does the job that has waited longest.
  ///
  /// - Returns: false if there is none.
  package func doNext() -> Bool {
    guard let job = state.withLock({ $0.jobs.popFirst() }) else { return false }
    job()
    return true
  }

  private func work() {
    while true {
      let job = state.wait { $0.jobs.popFirst() }
      job()
    }
  }
}

/// Cancels a job of the worker.
///
/// Thread: any.
final class CancelFlag: Sendable {
  // Relaxed: nothing else is handed over with it, and it does not matter if one more piece is read.
  private let flag = Atomic(false)

  /// Whether the job's result is not wanted any more.
  var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// The job's result is not wanted any more.
  func cancel() { flag.store(true, ordering: .relaxed) }
}
