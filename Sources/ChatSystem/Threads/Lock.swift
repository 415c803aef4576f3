internal import Glibc

/// A mutual exclusion lock: pthread_mutex_t at an address of its own.
///
/// Not `Synchronization.Mutex`: that one collapses under 16 or more contending threads (10–30 µs an
/// operation where this takes 50–75 ns), and the thread sanitizer does not understand it.
package struct Lock: ~Copyable, @unchecked Sendable {
  // Safety: a mutex is made to be used from many threads, and the pointer never changes.
  fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

  /// Makes an open lock.
  package init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread is inside this lock. It does not block on anything else.
  @inline(__always)
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}

/// A condition variable for threads that hold a `Lock`: pthread_cond_t on the monotonic clock.
package struct Condition: ~Copyable, @unchecked Sendable {
  // Safety: a condition variable is made to be used from many threads, and the pointer never changes.
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  /// Makes a condition without waiters.
  package init() {
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
  }

  /// Opens the lock, waits until the condition is signalled or the time is over, and takes the
  /// lock again. May wake without reason: callers look at what they wait for.
  ///
  /// Thread: the one that holds `lock`.
  /// - Returns: false if the time was over.
  @discardableResult
  package func wait(_ lock: borrowing Lock, until deadline: MonotonicTime) -> Bool {
    var time = deadline.timespec
    return pthread_cond_timedwait(condition, lock.mutex, &time) != ETIMEDOUT
  }

  /// Opens the lock, waits until the condition is signalled, and takes the lock again.
  package func wait(_ lock: borrowing Lock) {
    pthread_cond_wait(condition, lock.mutex)
  }

  /// Wakes all waiters.
  package func broadcast() { pthread_cond_broadcast(condition) }
}
