package import ChatSystem
import Foundation

/// A listener with no room, which nobody accepts from: what comes is dropped without an answer, not refused.
package final class FullListener {
  package let address: Address
  private let number: Int32
  private var guests: [Int32] = []

  /// Listens on an IPv4 address of this machine.
  package init(host: String = "127.0.0.1") throws {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.number = number
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = inet_addr(host)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, size) == 0 && listen(number, 0) == 0 && getsockname(number, $0, &size) == 0
      }
    }
    address = Address(host: host, port: UInt16(bigEndian: name.sin_port))
    guard isBound else { throw Failure("cannot listen on \(host): errno \(errno)") }
    // Those that get in take the room; all later ones hang.
    for _ in 1...8 {
      let guest = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guests.append(guest)
      _ = fcntl(guest, F_SETFL, O_NONBLOCK)
      withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(guest, $0, size) }
      }
      var entry = pollfd(fd: guest, events: Int16(POLLOUT), revents: 0)
      if poll(&entry, 1, 300) == 0 { return }
    }
    throw Failure("\(host) takes everybody")
  }

  deinit { for number in guests + [number] { close(number) } }
}
