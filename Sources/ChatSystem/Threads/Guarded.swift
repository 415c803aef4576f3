internal import Glibc

/// State that can be reached only while its lock is held: a mutex, a condition variable and the state, in one
/// allocation.
///
///     private struct State { var lines: [Line] = [] }
///     private let state = Guarded(State())
///
///     state.withLock { $0.lines.append(line) }
///     state.wake()
///
/// Not `Synchronization.Mutex`: that one collapses under 16 or more contending threads (10–30 µs an operation where
/// this takes 50–75 ns), and the thread sanitizer does not understand it.
///
/// Public, although no other package sees it: the compiler inlines and specializes no `package` functions.
///
/// Owns: the allocation, whose address never changes.
///
/// Thread: any.
public struct Guarded<State: ~Copyable>: ~Copyable, @unchecked Sendable {
  // Safety: the state is sent in, and nothing reaches it but `withLock` and `wait`, which hold the lock.
  @usableFromInline let monitor: Monitor
  @usableFromInline let state: UnsafeMutablePointer<State>

  /// Takes over the state.
  @inlinable @inline(__always)
  public init(_ initial: consuming sending State) {
    let alignment = max(MemoryLayout<State>.alignment, Monitor.alignment)
    let offset = (Monitor.byteCount + alignment - 1) & -alignment
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: offset + MemoryLayout<State>.size, alignment: alignment)
    monitor = Monitor(at: memory)
    state = (memory + offset).bindMemory(to: State.self, capacity: 1)
    state.initialize(to: initial)
  }

  @inlinable @inline(__always)
  deinit {
    state.deinitialize(count: 1)
    monitor.deallocate()
  }

  /// Runs `body` with the state, while no other thread reaches it. `body` must not block.
  @inlinable @inline(__always)
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending State) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    monitor.lock()
    defer { monitor.unlock() }
    return try body(&state.pointee)
  }

  /// Waits until `body` returns a value. It runs under the lock: at once, and after each `wake`.
  package borrowing func wait<Result: ~Copyable, Failure: Error>(
    for body: (inout sending State) throws(Failure) -> sending Result?
  ) throws(Failure) -> sending Result {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if let result = try body(&state.pointee) { return result }
      monitor.wait()
    }
  }

  /// Waits until `body` returns a value, or a moment has come. `body` runs under the lock: at once, after each `wake`,
  /// and a last time when the moment has come.
  ///
  /// - Returns: `nil` if `body` returned no value in time.
  package borrowing func wait<Result: ~Copyable, Failure: Error>(
    until deadline: MonotonicTime,
    for body: (inout sending State) throws(Failure) -> sending Result?
  ) throws(Failure) -> sending Result? {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      if let result = try body(&state.pointee) { return result }
      guard monitor.wait(until: deadline) else { return try body(&state.pointee) }
    }
  }

  /// Wakes all threads that wait: to be called when the state has changed, with or without the lock.
  package borrowing func wake() { monitor.wake() }
}

/// The mutex (pthread_mutex_t) and the condition variable (pthread_cond_t, on the monotonic clock) of a `Guarded`.
///
/// Owns: nothing; `Guarded` ends it.
@usableFromInline
struct Monitor: @unchecked Sendable {
  // Safety: both are made for use from many threads, and their addresses never change.
  private let parts: UnsafeMutablePointer<Parts>

  private struct Parts {
    var mutex = pthread_mutex_t()
    var condition = pthread_cond_t()
  }

  @usableFromInline static var byteCount: Int { MemoryLayout<Parts>.size }
  @usableFromInline static var alignment: Int { MemoryLayout<Parts>.alignment }

  /// Makes them at the beginning of an allocation.
  @usableFromInline
  init(at memory: UnsafeMutableRawPointer) {
    parts = memory.bindMemory(to: Parts.self, capacity: 1)
    parts.initialize(to: Parts())
    pthread_mutex_init(&parts.pointee.mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(&parts.pointee.condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  /// Ends them, and the allocation that they begin.
  @usableFromInline
  func deallocate() {
    pthread_cond_destroy(&parts.pointee.condition)
    pthread_mutex_destroy(&parts.pointee.mutex)
    UnsafeMutableRawPointer(parts).deallocate()
  }

  @usableFromInline
  func lock() { pthread_mutex_lock(&parts.pointee.mutex) }

  @usableFromInline
  func unlock() { pthread_mutex_unlock(&parts.pointee.mutex) }

  func wait() { pthread_cond_wait(&parts.pointee.condition, &parts.pointee.mutex) }

  /// - Returns: false if the moment has come.
  func wait(until deadline: MonotonicTime) -> Bool {
    var time = deadline.timespec
    return pthread_cond_timedwait(&parts.pointee.condition, &parts.pointee.mutex, &time)
      != ETIMEDOUT
  }

  func wake() { pthread_cond_broadcast(&parts.pointee.condition) }
}
