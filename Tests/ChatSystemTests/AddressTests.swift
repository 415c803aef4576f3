import ChatSystem
import Testing

@Suite("Address")
struct AddressTests {
  @Test("HOST, HOST:PORT, and IPv6 in brackets or bare")
  func addresses() {
    for (text, host, port): (String, String, UInt16) in [
      ("example", "example", 55_555), ("example:80", "example", 80), ("[::1]:80", "::1", 80),
      ("[::1]", "::1", 55_555), ("::1", "::1", 55_555), ("1.2.3.4:5", "1.2.3.4", 5),
    ] {
      #expect(Address(text, defaultPort: 55_555) == Address(host: host, port: port))
    }
    for text in ["", ":80", "a:", "a:b", "a:70000", "[::1", "[::1]80", "[]:1"] {
      #expect(Address(text, defaultPort: 55_555) == nil)
    }
  }

  @Test("this machine's own addresses, and no name that looks like one")
  func loopback() {
    for host in [
      "localhost", "127.0.0.1", "127.9.8.7", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1",
    ] {
      #expect(Address(host: host, port: 1).isLoopback, "\(host)")
    }
    for host in [
      "127.evil.example", "127.0.0.1.evil.example", "127.", "127.0.0.256", "128.0.0.1", "::2",
      "::ffff:128.0.0.1", "::ffff:127.evil", "localhost.evil.example", "0.0.0.0", "::",
    ] {
      #expect(!Address(host: host, port: 1).isLoopback, "\(host)")
    }
  }
}
