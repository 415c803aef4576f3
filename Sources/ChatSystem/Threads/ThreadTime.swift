internal import Glibc

/// How long the processor has worked for a thread.
package enum ThreadTime {
  /// What this thread has had since it began, in nanoseconds (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID).
  package static var nanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
