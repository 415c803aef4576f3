import ChatSystem
import Testing

@Suite("TemporaryAddresses")
struct TemporaryAddressesTests {
  @Test("an address is temporary if the system's table says so")
  func table() {
    let addresses = TemporaryAddresses(
      table: """
        00000000000000000000000000000001 01 80 10 80       lo
        fe8000000000000000fc00fffe000001 04 40 20 80     eth0
        fd000000000000000000000000000002 04 40 00 82     eth0
        20010db800000000a1b2c3d4e5f60708 04 40 00 01     eth0
        20010DB8000000000000000000000009 04 40 00 21     eth0
        nonsense
        20010db800000000000000000000000a 04 40 00 zz     eth0

        """)
    let prefix: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0]
    #expect(addresses.contains(prefix + [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 7, 8]))
    #expect(addresses.contains(prefix + [0, 0, 0, 0, 0, 0, 0, 9]))
    #expect(!addresses.contains(prefix + [0, 0, 0, 0, 0, 0, 0, 0xA]))
    #expect(!addresses.contains([0xFD] + [UInt8](repeating: 0, count: 14) + [2]))
    #expect(!addresses.contains([]))
    #expect(TemporaryAddresses(table: "") != addresses)
  }

  @Test("this machine's table is read, and loopback is not in it")
  func current() {
    #expect(!TemporaryAddresses.current.contains([UInt8](repeating: 0, count: 15) + [1]))
  }
}
