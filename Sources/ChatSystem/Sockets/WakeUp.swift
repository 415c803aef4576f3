internal import CLinux
internal import Glibc

/// What wakes a thread that waits for a socket (eventfd(2)).
///
/// Owns: its descriptor.
package struct WakeUp: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Makes one that has not been signalled.
  package init() throws(SystemError) {
    descriptor = Descriptor(
      owning: try system("eventfd") {
        eventfd(0, CInt(CLINUX_EFD_CLOEXEC | CLINUX_EFD_NONBLOCK))
      })
  }

  /// The descriptor's number, to wait for it. Valid while this lives.
  var number: CInt { descriptor.number }

  /// Wakes the current or the next wait.
  ///
  /// Thread: any.
  package func signal() {
    // It fails only where the counter is full: then it has been signalled.
    _ = eventfd_write(descriptor.number, 1)
  }

  /// Takes back all signals so far.
  package func clear() {
    var count: eventfd_t = 0
    _ = eventfd_read(descriptor.number, &count)
  }

  /// Waits for a signal.
  ///
  /// - Returns: false if the time was over.
  package func wait(for timeout: Duration) -> Bool {
    var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, timeout.pollMilliseconds) > 0
  }
}
