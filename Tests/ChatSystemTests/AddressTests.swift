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
}
