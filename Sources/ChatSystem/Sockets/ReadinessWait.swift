internal import Glibc

extension Transport {
  /// Waits for what a `send` or `flush` was blocked on (poll(2)).
  ///
  /// Thread: the one that sends.
  /// - Returns: false if the time was over.
  package func wait(
    for readiness: Readiness, until deadline: MonotonicTime
  ) throws(SystemError) -> Bool {
    let left = deadline - .now
    guard left > .zero else { return false }
    let events = readiness == .readable ? POLLIN : POLLOUT
    var entry = pollfd(fd: number, events: Int16(events), revents: 0)
    return try system("poll") { poll(&entry, 1, left.pollMilliseconds) } > 0
  }
}
