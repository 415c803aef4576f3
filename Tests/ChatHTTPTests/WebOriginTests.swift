import ChatHTTP
import Testing

@Suite("WebOrigin")
struct WebOriginTests {
  @Test(
    "an origin is read, and written as browsers write it",
    arguments: [
      ("https://chat.example.org", "https://chat.example.org"),
      ("HTTPS://Chat.Example.org:443", "https://chat.example.org"),
      ("http://box.local:80", "http://box.local"), ("http://box.local:443", "http://box.local:443"),
      ("https://192.168.1.5:55555", "https://192.168.1.5:55555"),
      ("http://[fd00:0::5]:8080", "http://[fd00::5]:8080"),
    ])
  func origins(_ text: String, _ written: String) throws {
    #expect(try #require(WebOrigin(text)).description == written)
  }

  @Test(
    "what is no origin is refused",
    arguments: [
      "", "null", "*", "https://", "chat.example.org", "//chat.example.org", "ws://a.example",
      "https://a.example/", "https://a.example/page", "https://a.example?x", "https://a.example#x",
      "https://a.example:", "https://a.example:65536", "https://a.example:x", "https://u@a.example",
      "https://a b.example", "https://a..example", "https://1.2.3", "https:/a.example",
      " https://a.example", "https://a.example ", "https://*.example", "https://é.example",
    ])
  func none(_ text: String) { #expect(WebOrigin(text) == nil) }

  @Test("the server's own pages and those that are allowed may connect, no other page may")
  func allowed() throws {
    let origins = WebOrigins([try #require(WebOrigin("https://chat.example.org"))])
    for (origin, host) in [
      ("https://192.168.1.5:55555", "192.168.1.5:55555"),
      ("http://192.168.1.5:55555", "192.168.1.5:55555"),
      ("https://box.local", "BOX.local"), ("http://box.local", "box.local"),
      ("https://box.local", "box.local:443"), ("https://[::1]:7", "[0::1]:7"),
      ("https://chat.example.org", "192.168.1.5:55555"),
      ("HTTPS://chat.example.org:443", "anything"),
    ] {
      #expect(origins.isAllowedOrigin(origin, host: host), "\(origin) at \(host)")
    }
    for (origin, host) in [
      ("null", "box.local"), ("", "box.local"), ("https://evil.example", "box.local"),
      ("http://chat.example.org", "box.local"), ("https://chat.example.org:8443", "box.local"),
      ("https://x.chat.example.org", "box.local"), ("https://box.local:7", "box.local:8"),
      ("https://box.local", "box.local:80"), ("https://box.local.evil.example", "box.local"),
      ("https://box.local", ""), ("file://", "box.local"), ("https://box.local/", "box.local"),
    ] {
      #expect(!origins.isAllowedOrigin(origin, host: host), "\(origin) at \(host)")
    }
    #expect(origins.isAllowedOrigin(nil, host: "box.local"))
    #expect(!WebOrigins().isAllowedOrigin("https://chat.example.org", host: "box.local"))
  }
}
