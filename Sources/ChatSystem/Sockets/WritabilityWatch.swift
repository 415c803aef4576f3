internal import CLinux
internal import Glibc

/// Reports when blocked transports are ready again (epoll(7), EPOLLONESHOT).
///
/// One descriptor stands for all of them: `number` is readable as long as some socket is ready, so a
/// single Dispatch source can watch it.
///
/// Thread: its owner's.
package struct WritabilityWatch: ~Copyable {
  private let descriptor: Descriptor
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  /// Makes a watch over nothing.
  package init() throws(SystemError) {
    // EPOLL_CLOEXEC is SOCK_CLOEXEC's value by definition (epoll_create1(2)).
    descriptor = Descriptor(
      owning: try system("epoll_create1") { epoll_create1(CInt(CLINUX_SOCK_CLOEXEC)) })
  }

  /// The descriptor to wait on.
  package var number: CInt { descriptor.number }

  /// Watches a socket until it is ready or has failed, which is reported once.
  ///
  /// - Parameter isKnown: whether this socket was asked about before.
  package func ask(
    about socket: CInt, for readiness: Readiness, isKnown: Bool
  ) throws(SystemError) {
    var event = epoll_event()
    let wanted = readiness == .writable ? EPOLLOUT : EPOLLIN
    event.events = wanted.rawValue | EPOLLONESHOT.rawValue
    event.data.fd = socket
    try system("epoll_ctl") {
      epoll_ctl(descriptor.number, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event)
    }
  }

  /// Forgets a socket, before its descriptor closes and its number can mean another.
  package func forget(_ socket: CInt) {
    // It fails only if the socket was never asked about, which is as good.
    var event = epoll_event()
    _ = epoll_ctl(descriptor.number, EPOLL_CTL_DEL, socket, &event)
  }

  /// The sockets that became ready since the last call, at most 256, without waiting.
  package mutating func ready() throws(SystemError) -> [CInt] {
    let count = try system("epoll_wait") {
      epoll_wait(descriptor.number, &events, CInt(events.count), 0)
    }
    return events.prefix(Int(count)).map(\.data.fd)
  }
}
