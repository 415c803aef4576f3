internal import ChatClientModel
internal import ChatSystem

/// A thread that draws, so that no other waits for a disk, or for the tool that converts images.
///
/// Thread: any may ask; jobs are done one after another, in the order they came.
final class PictureWorker: Sendable {
  private struct State {
    var jobs = Fifo<@Sendable () -> Void>()
    var isRunning = false
  }

  private let state = Guarded(State())

  /// Does a job on the worker's thread, which starts with the first.
  func run(_ job: @escaping @Sendable () -> Void) {
    let starts = state.withLock { state in
      state.jobs.append(job)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    state.wake()
    guard starts else { return }
    do { try SystemThread.start(named: "pictures") { self.work() } } catch {
      // Without a thread it is done here; the next job tries again.
      state.withLock { $0.isRunning = false }
      while doNext() {}
    }
  }

  /// Does the job that has waited longest.
  ///
  /// - Returns: false if there is none.
  private func doNext() -> Bool {
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
