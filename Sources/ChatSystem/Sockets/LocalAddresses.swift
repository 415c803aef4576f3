internal import CLinux
internal import Glibc

extension Address {
  /// The addresses at which other machines reach this one, in numbers, IPv4 first: of every interface that is up,
  /// but for loopback, link-local and temporary ones (getifaddrs(3)). Empty where the system does not say.
  package static func ofThisMachine(port: UInt16) -> [Address] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    let temporary = TemporaryAddresses.current
    var addresses: [(family: CInt, address: Address)] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      let flags = Int(entry.pointee.ifa_flags)
      guard flags & IFF_UP != 0, flags & IFF_LOOPBACK == 0,
        let pointer = entry.pointee.ifa_addr
      else { continue }
      let length: Int
      switch CInt(pointer.pointee.sa_family) {
      case AF_INET: length = MemoryLayout<sockaddr_in>.size
      case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
      default: continue
      }
      // Safety: an entry of this family is so long, and lives until freeifaddrs.
      if length == MemoryLayout<sockaddr_in6>.size {
        let bytes = UnsafeRawPointer(pointer).loadUnaligned(as: sockaddr_in6.self).sin6_addr
        if temporary.contains(withUnsafeBytes(of: bytes) { Array($0) }) { continue }
      }
      let socketAddress = SocketAddress(copying: pointer, length: socklen_t(length))
      guard let numeric = socketAddress.numeric, !numeric.host.hasPrefix("fe80:") else { continue }
      addresses.append((socketAddress.family, Address(host: numeric.host, port: port)))
    }
    return addresses.filter { $0.family == AF_INET }.map(\.address)
      + addresses.filter { $0.family != AF_INET }.map(\.address)
  }
}
