/// The IPv6 addresses that the system makes for outgoing connections, and gives up again within days (RFC 8981): nobody
/// should be told to come by them. Pure, but for `current`.
package struct TemporaryAddresses: Sendable, Equatable {
  /// IFA_F_TEMPORARY (linux/if_addr.h).
  private static let flag: UInt32 = 0x01
  /// The largest table that is read.
  private static let limitBytes = 65_536

  /// 32 hexadecimal digits each, in lower case.
  private let digits: Set<String>

  /// Reads the system's table: a line for each address, whose first word is the address in hexadecimal digits, and whose
  /// fifth is its flags (/proc/net/if_inet6).
  package init(table: String) {
    digits = Set(
      table.split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard words.count == 6, let flags = UInt32(words[4], radix: 16), flags & Self.flag != 0
        else { return nil }
        return words[0].lowercased()
      })
  }

  /// Those of this machine; none where the system does not say.
  package static var current: TemporaryAddresses {
    var bytes = [UInt8](repeating: 0, count: limitBytes)
    let count = try? RegularFile(toRead: "/proc/net/if_inet6").read(
      into: &bytes, 0..<limitBytes, at: 0)
    return TemporaryAddresses(
      table: String(decoding: bytes.prefix(count ?? 0), as: UTF8.self))
  }

  /// Whether an address of 16 bytes is one.
  package func contains(_ address: [UInt8]) -> Bool {
    digits.contains(
      address.map { ($0 < 0x10 ? "0" : "") + String($0, radix: 16) }.joined())
  }
}
