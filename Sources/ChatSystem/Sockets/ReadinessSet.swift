internal import CLinux
internal import Glibc

/// Many sockets watched at once, without naming them all at each wait (epoll(7), level-triggered).
///
/// Thread: its owner's.
package final class ReadinessSet {
  /// What is waited for on a socket, and what it is ready for.
  package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt8

    /// Makes a set of bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// There is something to receive, the end and errors included.
    package static let receiving = Interest(rawValue: 1)
    /// It takes bytes.
    package static let sending = Interest(rawValue: 2)
  }

  private let descriptor: Descriptor
  private var events: [epoll_event]

  /// Makes a set of nothing.
  ///
  /// - Parameter batch: how many ready sockets one wait reports at most.
  package init(batch: Int = 1_024) throws(SystemError) {
    // EPOLL_CLOEXEC is SOCK_CLOEXEC's value by definition (epoll_create1(2)).
    descriptor = Descriptor(
      owning: try system("epoll_create1") { epoll_create1(CInt(CLINUX_SOCK_CLOEXEC)) })
    events = [epoll_event](repeating: epoll_event(), count: batch)
  }

  /// Changes what is waited for on a socket. One that nothing is waited for on leaves the set: errors
  /// are not told either.
  ///
  /// - Parameter token: what `wait` calls it.
  package func change(
    _ socket: CInt, token: Int, from old: Interest, to new: Interest
  ) throws(SystemError) {
    guard old != new else { return }
    var event = epoll_event()
    if new.contains(.receiving) { event.events |= EPOLLIN.rawValue }
    if new.contains(.sending) { event.events |= EPOLLOUT.rawValue }
    event.data.u64 = UInt64(token)
    let operation = old.isEmpty ? EPOLL_CTL_ADD : new.isEmpty ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
    try system("epoll_ctl") { epoll_ctl(descriptor.number, operation, socket, &event) }
  }

  /// Waits until some are ready, and reports each; the set may be changed meanwhile.
  ///
  /// - Parameter milliseconds: how long it waits at most; -1 for ever.
  package func wait(
    milliseconds: CInt, _ body: (_ token: Int, _ ready: Interest) throws -> Void
  ) throws {
    let count = try system("epoll_wait") {
      epoll_wait(descriptor.number, &events, CInt(events.count), milliseconds)
    }
    for index in 0..<Int(count) {
      let bits = events[index].events
      var ready: Interest = []
      // Receiving reports the error.
      if bits & ~EPOLLOUT.rawValue != 0 { ready.insert(.receiving) }
      if bits & EPOLLOUT.rawValue != 0 { ready.insert(.sending) }
      try body(Int(events[index].data.u64), ready)
    }
  }
}
