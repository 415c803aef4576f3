internal import Glibc

/// A mutual exclusion lock: pthread_mutex_t at an address of its own.
///
/// Not `Synchronization.Mutex`: that one collapses under 16 or more contending threads (10–30 µs an
/// operation where this takes 50–75 ns), and the thread sanitizer does not understand it.
package struct Lock: ~Copyable, @unchecked Sendable {
  // Safety: a mutex is made to be used from many threads, and the pointer never changes.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

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
