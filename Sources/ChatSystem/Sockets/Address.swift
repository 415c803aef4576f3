internal import CLinux
internal import Glibc

/// Where a program listens or connects to: a name or number, and a TCP port.
package struct Address: Equatable, Sendable, CustomStringConvertible {
  /// A host's name, or an address in numbers, without brackets.
  package let host: String
  /// 0 lets the system choose one when listening.
  package let port: UInt16

  /// Where a chat server listens, and a client connects, unless told otherwise.
  package static let standard = Address(host: "127.0.0.1", port: 55_555)

  /// Makes an address.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST`, `HOST:PORT`, `[HOST]:PORT` or a bare IPv6 address; `nil` if it is none of them.
  package init?(_ text: String, defaultPort: UInt16) {
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = String(text[text.index(after: text.startIndex)..<close])
      let rest = text[text.index(after: close)...]
      guard rest.isEmpty || rest.first == ":" else { return nil }
      guard let port = rest.isEmpty ? defaultPort : UInt16(rest.dropFirst()) else { return nil }
      self.port = port
    } else if let colon = text.firstIndex(of: ":"), text[colon...].dropFirst().contains(":") {
      (host, port) = (text, defaultPort)
    } else if let colon = text.firstIndex(of: ":") {
      guard let port = UInt16(text[text.index(after: colon)...]) else { return nil }
      (host, self.port) = (String(text[..<colon]), port)
    } else {
      (host, port) = (text, defaultPort)
    }
    guard !host.isEmpty, !host.contains(where: { "[]".contains($0) }) else { return nil }
  }

  /// `HOST:PORT`, an IPv6 address in brackets.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether only programs on this machine can reach it.
  package var isLoopback: Bool {
    if host == "localhost" { return true }
    // A name may begin as an address does.
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 { return Self.isLoopback(four.s_addr) }
    var six = in6_addr()
    guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
    return withUnsafeBytes(of: six) { bytes in
      let isMapped =
        bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      if isMapped { return bytes[12] == 127 }
      return bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
    }
  }

  /// 127.0.0.0/8, of an address in network order.
  private static func isLoopback(_ address: in_addr_t) -> Bool {
    UInt32(bigEndian: address) >> 24 == 127
  }

  /// The sockets' addresses it stands for, in the resolver's order.
  ///
  /// - Throws: `ResolutionError` with getaddrinfo(3)'s words.
  func resolved(toListen: Bool) throws(ResolutionError) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : AI_ADDRCONFIG)
    var list: UnsafeMutablePointer<addrinfo>?
    var code = getaddrinfo(host, String(port), &hints, &list)
    if code != 0, !toListen {
      // A machine without any network has no configured address but can talk to itself.
      hints.ai_flags = AI_NUMERICSERV
      code = getaddrinfo(host, String(port), &hints, &list)
    }
    guard code == 0 else { throw ResolutionError(reason: String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr {
        addresses.append(SocketAddress(copying: address, length: entry.pointee.ai_addrlen))
      }
      next = entry.pointee.ai_next
    }
    return addresses
  }
}

/// A host's name that did not resolve.
package struct ResolutionError: Error, Equatable {
  /// The resolver's words.
  package let reason: String
}

/// A socket's address as the system has it (struct sockaddr).
struct SocketAddress {
  private var storage = sockaddr_storage()
  private(set) var length: socklen_t

  /// Space for any address, for the system to fill in.
  init() { length = socklen_t(MemoryLayout<sockaddr_storage>.size) }

  /// Where a socket is (getsockname(2)).
  init(of number: CInt) throws(SystemError) {
    self.init()
    try withMutablePointer { pointer, length throws(SystemError) in
      _ = try system("getsockname") { getsockname(number, pointer, length) }
    }
  }

  /// Safety: `length` bytes lie at `address`, as getaddrinfo(3) promises of its results.
  init(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
    self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(self.length)))
    }
  }

  /// Sets the port, which lies at the same place in struct sockaddr_in and sockaddr_in6.
  mutating func set(port: UInt16) {
    let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_port) ?? 2
    withUnsafeMutableBytes(of: &storage) {
      $0.storeBytes(of: port.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
  }

  /// AF_INET or AF_INET6.
  var family: CInt { CInt(storage.ss_family) }

  func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafePointer(to: storage) { storage throws(Failure) in
      try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address throws(Failure) in
        try body(address, length)
      }
    }
  }

  mutating func withMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) throws(Failure) ->
      Result
  ) throws(Failure) -> Result {
    var length = self.length
    defer { self.length = length }
    return try withUnsafeMutablePointer(to: &storage) { storage throws(Failure) in
      try storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address throws(Failure) in
        try body(address, &length)
      }
    }
  }

  /// In numbers (getnameinfo(3)).
  var numeric: Address? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let code = withPointer { address, length in
      getnameinfo(
        address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
        NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard code == 0, let port = UInt16(Self.text(service)) else { return nil }
    return Address(host: Self.text(host), port: port)
  }

  private static func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
