internal import CLinux
internal import Glibc

/// A TCP socket that accepts connections.
///
/// Thread: one accepts; any may `stop`.
package final class Listener: Sendable {
  private let descriptor: Descriptor

  /// Where it listens, in numbers, the port the system chose included.
  package let address: Address

  /// Listens on the first of an address's sockets that can be had.
  ///
  /// - Throws: `ListenError`.
  package init(on address: Address) throws(ListenError) {
    let candidates: [SocketAddress]
    do { candidates = try address.resolved(toListen: true) } catch {
      throw ListenError(address: address, reason: error.reason)
    }
    var last = "no address"
    for candidate in candidates {
      do {
        let made = try Self.listen(on: candidate)
        let bound = try SocketAddress(of: made.number).numeric
        self.address = bound ?? address
        descriptor = made
        return
      } catch { last = error.reason }
    }
    throw ListenError(address: address, reason: last)
  }

  /// Listens on one socket's address.
  init(on address: SocketAddress) throws(SystemError) {
    descriptor = try Self.listen(on: address)
    self.address = try SocketAddress(of: descriptor.number).numeric ?? Address(host: "?", port: 0)
  }

  private static func listen(on address: SocketAddress) throws(SystemError) -> Descriptor {
    let number = try system("socket") {
      socket(address.family, CInt(SOCK_STREAM.rawValue) | CInt(CLINUX_SOCK_CLOEXEC), 0)
    }
    let descriptor = Descriptor(owning: number)
    var on: CInt = 1
    var off: CInt = 0
    let size = socklen_t(MemoryLayout<CInt>.size)
    try system("setsockopt") { setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, size) }
    if address.family == AF_INET6 {
      // `::` takes IPv4 as well, whatever the system's default.
      try system("setsockopt") {
        setsockopt(number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
      }
    }
    try address.withPointer { pointer, length throws(SystemError) in
      _ = try system("bind") { bind(number, pointer, length) }
    }
    try system("listen") { Glibc.listen(number, 4_096) }
    return descriptor
  }

  /// Waits for the next connection.
  ///
  /// - Returns: it and where it comes from; `nil` once the listener was stopped.
  package func accept() throws(SystemError) -> (stream: TCPTransport, peer: Address)? {
    var peer = SocketAddress()
    do {
      let number = try system("accept4") {
        peer.withMutablePointer {
          accept4(descriptor.number, $0, $1, CInt(CLINUX_SOCK_CLOEXEC))
        }
      }
      let stream = TCPTransport(Descriptor(owning: number))
      return (stream, peer.numeric ?? Address(host: "?", port: 0))
    } catch {
      if error.code == EINVAL { return nil }
      throw error
    }
  }

  /// Stops listening: connections are refused, and `accept` returns `nil`.
  package func stop() { _ = shutdown(descriptor.number, CInt(SHUT_RDWR)) }
}

/// Why a program can't listen on an address.
package struct ListenError: Error, Equatable, CustomStringConvertible {
  /// The address asked for.
  package let address: Address
  /// In the system's words.
  package let reason: String

  /// Makes an error.
  init(address: Address, reason: String) { (self.address, self.reason) = (address, reason) }

  /// Makes one of several, of which there is at least one.
  init(_ all: [ListenError]) {
    address = all.first?.address ?? Address(host: "?", port: 0)
    reason = ([all.first?.reason ?? "no address"] + all.dropFirst().map(\.description))
      .joined(separator: "; ")
  }

  /// For a person.
  package var description: String { "cannot listen on \(address): \(reason)" }
}
