internal import ChatClientModel
internal import ChatSystem

/// The thread that reads files from end to end, so that nobody else waits for a disk.
///
/// Thread: any may ask; jobs are done one after another, in the order they came.
final class TransferWorker: @unchecked Sendable {
  // Sound: everything that changes is guarded by `lock`.

  private let lock = Lock()
  private let jobArrived = Condition()
  private var jobs = Fifo<@Sendable () -> Void>()
  private var isRunning = false
  /// Whether jobs wait until `doNext` is called; no thread is started then.
  private let isManual: Bool

  /// - Parameter isManual: jobs are done by `doNext` alone.
  init(isManual: Bool = false) { self.isManual = isManual }

  /// Does a job on the worker's thread, which starts with the first.
  func run(_ job: @escaping @Sendable () -> Void) {
    let starts = lock.withLock {
      jobs.append(job)
      jobArrived.broadcast()
      defer { isRunning = true }
      return !isRunning && !isManual
    }
    guard starts else { return }
    do { try SystemThread.start(named: "files") { self.work() } } catch {
      // Without a thread it is done here; the next job tries again.
      lock.withLock { isRunning = false }
      while let job = lock.withLock({ jobs.popFirst() }) { job() }
    }
  }

  /// Does the job that has waited longest.
  ///
  /// - Returns: false if there is none.
  func doNext() -> Bool {
    guard let job = lock.withLock({ jobs.popFirst() }) else { return false }
    job()
    return true
  }

  private func work() {
    while true {
      let job = lock.withLock {
        while jobs.isEmpty { jobArrived.wait(lock) }
        return jobs.popFirst()
      }
      job?()
    }
  }
}
