import ChatClientModel
import Testing

@Suite("KnownHosts")
struct KnownHostsTests {
  private static func read(_ text: String) -> KnownHosts {
    KnownHosts(text) { $0.hasPrefix("SHA256:") && $0.utf8.count > 10 }
  }

  private static let key = "SHA256:abcdefgh"
  private static let other = "SHA256:ijklmnop"

  @Test("a server is known by its key, under its very address")
  func known() {
    let hosts = Self.read(
      "# mine\n\n192.168.1.5:55555 \(Self.key) 2026-01-31T12:00:00.000Z\nBox.local:7000 \(Self.other)\n"
    )
    #expect(hosts.finding(for: "192.168.1.5:55555", Self.key) == .known)
    #expect(
      hosts.finding(for: "192.168.1.5:55555", Self.other) == .changed(from: Self.key, line: 3))
    #expect(hosts.finding(for: "192.168.1.5:55556", Self.key) == .unknown)
    #expect(hosts.finding(for: "box.LOCAL:7000", Self.other) == .known)
    #expect(hosts.damagedLines == [])
  }

  @Test("a file that Windows wrote says the same")
  func carriageReturns() {
    let hosts = Self.read("\u{FEFF}# mine\r\na:1 \(Self.key)\r\nb:1 \(Self.other) 2026\r\n")
    #expect(hosts.finding(for: "a:1", Self.other) == .changed(from: Self.key, line: 2))
    #expect(hosts.finding(for: "b:1", Self.other) == .known && hosts.damagedLines == [])
    let first = Self.read("\u{FEFF}a:1 \(Self.key)\r\nb:1 \(Self.other)\r\n")
    #expect(first.finding(for: "a:1", Self.key) == .known)
    #expect(first.finding(for: "b:1", Self.other) == .known)
  }

  @Test("the first of two lines counts")
  func twice() {
    let hosts = Self.read("a:1 \(Self.key)\na:1 \(Self.other)\n")
    #expect(hosts.finding(for: "a:1", Self.key) == .known)
    #expect(hosts.finding(for: "a:1", Self.other) == .changed(from: Self.key, line: 1))
  }

  @Test("what a line says is read back, for IPv6 too")
  func written() {
    for address in ["a:1", "[::1]:55555", "[fe80::1%eth0]:7000", "BOX:1"] {
      let line = KnownHosts.line(for: address, Self.key, time: "2026-01-31T12:00:00.000Z")
      #expect(Self.read(line).finding(for: address, Self.key) == .known)
      #expect(line.hasSuffix("\n") && line.split(separator: "\n").count == 1)
    }
  }

  @Test(
    "what can't be read is named, and nobody is known by it",
    arguments: [
      "a:1", "a:1 nonsense", "a:1 SHA256:", "a \(key)", "a:1 \(key) time and more", "\u{0}\u{1}",
      "a:1\u{0} x", String(repeating: "x", count: 100_000), "SHA256:abcdefgh a:1", ":",
      "a:1 MD5:abcdefgh",
    ])
  func damaged(_ line: String) {
    let hosts = Self.read("\(line)\nb:2 \(Self.key)\n")
    #expect(hosts.damagedLines == [1])
    #expect(hosts.finding(for: "a:1", Self.key) == .unknown)
    #expect(hosts.finding(for: "b:2", Self.key) == .known)
  }

  @Test("an empty file knows nobody")
  func empty() {
    for text in ["", "\n\n", "#", "   \n\t"] {
      let hosts = Self.read(text)
      #expect(hosts.finding(for: "a:1", Self.key) == .unknown)
      #expect(hosts.damagedLines == [])
    }
  }
}
