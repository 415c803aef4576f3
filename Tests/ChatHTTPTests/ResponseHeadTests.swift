import ChatHTTP
import Testing

@Suite("ResponseHead")
struct ResponseHeadTests {
  private static let date = HTTPDate(seconds: 784_111_777)

  private static func text(
    _ head: ResponseHead, _ length: UInt64?, _ version: HTTPVersion = .http11,
    keepsAlive: Bool = true
  ) -> String {
    String(
      decoding: head.encoded(
        contentLength: length, date: date, version: version, keepsAlive: keepsAlive), as: UTF8.self)
  }

  @Test("an answer says what it is, and what browsers must not do")
  func plain() {
    var head = ResponseHead(.ok)
    head[.contentType] = "text/html; charset=utf-8"
    #expect(
      Self.text(head, 12) == """
        HTTP/1.1 200 OK\r
        Date: Sun, 06 Nov 1994 08:49:37 GMT\r
        Content-Type: text/html; charset=utf-8\r
        Content-Length: 12\r
        X-Content-Type-Options: nosniff\r
        Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: same-origin\r
        \r

        """)
  }

  @Test("an answer without content has no length")
  func noContent() {
    #expect(!Self.text(ResponseHead(.notModified), 12).contains("Content-Length"))
    #expect(!Self.text(ResponseHead(.noContent), 0).contains("Content-Length"))
    #expect(Self.text(ResponseHead(.notFound), 0).contains("\r\nContent-Length: 0\r\n"))
  }

  @Test("Connection says what the version does not")
  func connection() {
    let head = ResponseHead(.ok)
    #expect(!Self.text(head, 0).contains("Connection"))
    #expect(Self.text(head, 0, keepsAlive: false).contains("\r\nConnection: close\r\n"))
    #expect(Self.text(head, 0, .http10).contains("\r\nConnection: keep-alive\r\n"))
    #expect(Self.text(head, 0, .http10, keepsAlive: false).contains("\r\nConnection: close\r\n"))
  }

  @Test("a page's own policy takes the place of the strictest")
  func policy() {
    var head = ResponseHead(.ok)
    head[.contentSecurityPolicy] = "sandbox"
    #expect(Self.text(head, 0).components(of: "Content-Security-Policy") == 1)
    #expect(Self.text(head, 0).contains("Content-Security-Policy: sandbox\r\n"))
  }

  @Test(
    "no value holds a control character or what is not ASCII",
    arguments: ["a\r\nSet-Cookie: b", "a\n", "\r", "\u{0}", "\u{7F}", "é", " a", "a\t"])
  func injection(_ text: String) { #expect(ResponseHead.Value(text) == nil) }

  @Test("every status has its words")
  func phrases() {
    for status in HTTPStatus.allCases {
      #expect(!status.phrase.isEmpty && 100..<600 ~= status.rawValue)
    }
  }

  @Test("text in a page is text")
  func escaping() {
    #expect(
      HTMLText.escaped("<b a=\"'\">&amp;\u{A0}é") == "&lt;b a=&quot;&#39;&quot;&gt;&amp;amp;&nbsp;é"
    )
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
