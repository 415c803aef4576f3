internal import Glibc

/// The addresses that one person has all of: an IPv4 address, or the first half of an IPv6 address (RFC 6177), of
/// which the second is whatever its holder likes.
///
/// An IPv4 address is the same one where it came as IPv6 (RFC 4291, section 2.5.5.2).
package struct AddressBlock: Hashable, Sendable {
  private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

  /// Four bytes of an IPv4 address, or eight of an IPv6 one; none if it is not a numeric address.
  private let bytes: [UInt8]

  /// The block that an address in numbers lies in.
  package init(of address: Address) {
    // An interface's name may follow.
    let host = String(address.host.prefix { $0 != "%" })
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, host, &bytes) == 1 {
      self.bytes = Array(bytes.prefix(4))
    } else if inet_pton(AF_INET6, host, &bytes) == 1 {
      self.bytes =
        bytes.starts(with: Self.mappedPrefix) ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
    } else {
      self.bytes = []
    }
  }
}
