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
}
