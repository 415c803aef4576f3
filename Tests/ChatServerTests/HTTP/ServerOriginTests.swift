import ChatHTTP
import ChatServer
import ChatSystem
import Testing

@Suite("ServerOrigin")
struct ServerOriginTests {
  private static let own = ["192.168.1.5", "fd00::5"].map { Address(host: $0, port: 1) }

  private func origin(
    _ host: String?, on listening: String..., isEncrypted: Bool = true, needsTLS: Bool = false
  ) throws -> String {
    let addresses = ReachableAddresses(
      listening: listening.map { Address(host: $0, port: 55_555) }, own: Self.own)
    let authority = try host.map { try #require(Authority($0)) }
    return ServerOrigin(names: ["box.local"], addresses: addresses, needsTLS: needsTLS)
      .text(for: authority, isEncrypted: isEncrypted)
  }

  @Test("how the client came, by a name or an address of the server's")
  func own() throws {
    for host in ["192.168.1.5:55555", "box.local:55555", "[fd00::5]:55555", "box.local:8443"] {
      #expect(try origin(host, on: "::") == "https://\(host)")
    }
    #expect(try origin("BOX.local", on: "::") == "https://box.local")
    #expect(try origin("box.local:80", on: "::", isEncrypted: false) == "http://box.local")
    #expect(try origin("box.local:443", on: "::", isEncrypted: false) == "http://box.local:443")
  }

  @Test("any other Host is not repeated")
  func foreign() throws {
    for host in ["evil.example", "192.168.1.6:55555", "[fd00::6]", "box.local.evil.example", nil] {
      #expect(try origin(host, on: "0.0.0.0") == "https://192.168.1.5:55555")
      #expect(try origin(host, on: "127.0.0.1") == "https://127.0.0.1:55555")
    }
    // What it does not listen on does not lead to it.
    #expect(try origin("192.168.1.5:55555", on: "127.0.0.1") == "https://127.0.0.1:55555")
  }

  @Test("loopback, by whatever name, means the first address that others have, if there is one")
  func loopback() throws {
    for host in ["localhost:55555", "127.0.0.1:55555", "127.7.7.7", "[::1]:55555"] {
      #expect(try origin(host, on: "0.0.0.0") == "https://192.168.1.5:55555")
      #expect(try origin(host, on: "::1", "fd00::5") == "https://[fd00::5]:55555")
    }
    #expect(try origin("localhost:55555", on: "127.0.0.1") == "https://localhost:55555")
    #expect(try origin("localhost:55555", on: "::1") == "https://localhost:55555")
  }

  @Test("the scheme is the request's, but https where others need TLS")
  func scheme() throws {
    #expect(
      try origin("box.local:55555", on: "::", isEncrypted: false) == "http://box.local:55555")
    #expect(
      try origin("localhost:55555", on: "::", isEncrypted: false, needsTLS: true)
        == "https://192.168.1.5:55555")
    // The port that the request left out was that of http.
    #expect(
      try origin("box.local", on: "::", isEncrypted: false, needsTLS: true)
        == "https://box.local:80")
  }
}
