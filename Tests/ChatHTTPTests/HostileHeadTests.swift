import ChatHTTP
import Testing

/// Heads that a server has to refuse, or that some servers take and others do not.
@Suite("Hostile heads")
struct HostileHeadTests {
  private static func status(_ text: String) -> Int? {
    RequestHeadTests.status(text)?.rawValue
  }

  @Test(
    "a bad first line is refused with its status",
    arguments: [
      ("GET  / HTTP/1.1", 400), ("GET / HTTP/1.1 ", 400), (" GET / HTTP/1.1", 400),
      ("GET /a b HTTP/1.1", 400), ("GET\t/ HTTP/1.1", 400), ("GET / ", 400), ("GET /", 400),
      ("GET", 400), ("G@T / HTTP/1.1", 400), ("GET / http/1.1", 400), ("GET / HTTP/1", 400),
      ("GET / HTTP/1.10", 400), ("GET / HTTP/11", 400), ("GET / HTTP/1,1", 400),
      ("GET / HTTP/2.0", 505), ("GET / HTTP/0.9", 505), ("GET / HTTP/1.2", 505),
      ("PRI * HTTP/2.0", 505), ("GET /\u{1} HTTP/1.1", 400), ("GET /\u{7F} HTTP/1.1", 400),
      ("GET /é HTTP/1.1", 400), ("GET \u{0} HTTP/1.1", 400), ("GÉT / HTTP/1.1", 400),
      ("ANUNUSUALLYLONGMETHODTHATNOBODYHAS / HTTP/1.1", 501), ("CONNECT a:80 HTTP/1.1", 501),
      // Targets.
      ("GET * HTTP/1.1", 400), ("GET a:80 HTTP/1.1", 400), ("GET a HTTP/1.1", 400),
      ("GET ftp://a/ HTTP/1.1", 400), ("GET http:///x HTTP/1.1", 400),
      ("GET http://b/ HTTP/1.1", 400), ("GET http://u@a/ HTTP/1.1", 400),
      ("GET http://a:81/ HTTP/1.1", 400), ("GET // HTTP/1.1", 400), ("GET //a HTTP/1.1", 400),
      ("GET /a//b HTTP/1.1", 400), ("GET /a// HTTP/1.1", 400), ("GET /./a HTTP/1.1", 400),
      ("GET /a/.. HTTP/1.1", 400), ("GET /../etc/passwd HTTP/1.1", 400),
      ("GET /%2e%2E/a HTTP/1.1", 400), ("GET /.%2e HTTP/1.1", 400), ("GET /%2e HTTP/1.1", 400),
      ("GET /a%2fb HTTP/1.1", 400), ("GET /a%2Fb HTTP/1.1", 400), ("GET /%00 HTTP/1.1", 400),
      ("GET /%0d%0aX:%20y HTTP/1.1", 400), ("GET /%7f HTTP/1.1", 400), ("GET /% HTTP/1.1", 400),
      ("GET /%4 HTTP/1.1", 400), ("GET /%zz HTTP/1.1", 400), ("GET /%+1 HTTP/1.1", 400),
      ("GET /%c3 HTTP/1.1", 400), ("GET /%c0%ae%c0%ae/ HTTP/1.1", 400),
      ("GET /%ed%a0%80 HTTP/1.1", 400), ("GET /a\\b HTTP/1.1", 400), ("GET /a#b HTTP/1.1", 400),
      ("GET /<a> HTTP/1.1", 400), ("GET /\" HTTP/1.1", 400),
    ])
  func firstLines(_ line: String, _ status: Int) {
    #expect(Self.status("\(line)\r\nHost: a\r\n\r\n") == status)
  }

  @Test(
    "bad fields are refused with their status",
    arguments: [
      ("X: y", 400), ("Host: a\r\nHost: a", 400), ("Host: a\r\nhOST: b", 400), ("Host:", 400),
      ("Host: a b", 400), ("Host: a,b", 400), ("Host: a/b", 400), ("Host: u@a", 400),
      ("Host: a:", 400), ("Host: a:b", 400), ("Host: a:65536", 400), ("Host: a:-1", 400),
      ("Host: [::1", 400), ("Host: [::1]x", 400), ("Host: ::1", 400), ("Host: [fe80::1%25lo]", 400),
      ("Host: [1:2:3:4:5:6:7:8:9]", 400), ("Host: [1::2::3]", 400), ("Host: [:::]", 400),
      ("Host: 1.2.3", 400), ("Host: 1.2.3.256", 400), ("Host: 01.2.3.4", 400),
      ("Host: 0x7f.1", 400), ("Host: a..b", 400), ("Host: é", 400), ("Host: <b>", 400),
      ("Host: a\r\nContent-Length: ", 400), ("Host: a\r\nContent-Length: +1", 400),
      ("Host: a\r\nContent-Length: -1", 400), ("Host: a\r\nContent-Length: 0x1", 400),
      ("Host: a\r\nContent-Length: 1, 1", 400), ("Host: a\r\nContent-Length: 1 1", 400),
      ("Host: a\r\nContent-Length: 1\r\nContent-Length: 1", 400),
      ("Host: a\r\nContent-Length: 99999999999999999999", 400),
      ("Host: a\r\nContent-Length: 18446744073709551616", 400),
      ("Host: a\r\nTransfer-Encoding: chunked", 501), ("Host: a\r\nTransfer-Encoding: x", 501),
      ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1", 400),
      ("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding:\u{B}chunked", 400),
      ("Host: a\r\nExpect: 200-ok", 417), ("Host: a\r\nExpect: 100-continue, x", 417),
      ("Host : a", 400), ("Host\t: a", 400), (" Host: a", 400), ("Host: a\r\n folded", 400),
      ("Host: a\r\n\tfolded", 400), ("Host: a\r\nX", 400), ("Host: a\r\n: y", 400),
      ("Host: a\r\nX y: z", 400), ("Host: a\r\nX(y): z", 400), ("Host: a\r\nX\u{0}: z", 400),
      ("Host: a\r\nX: \u{0}", 400), ("Host: a\r\nX: \u{1B}[2J", 400),
      ("Host: a\r\nX: \u{7F}", 400), ("Host: a\r\nX: y\rZ: a", 400), ("Host: a\r\nÉ: z", 400),
      ("Host: a\nX: y", 400), ("Host: a\r\nX: y\r", 400), ("Host: a\r\r", 400),
    ])
  func fields(_ fields: String, _ status: Int) {
    #expect(Self.status("GET / HTTP/1.1\r\n\(fields)\r\n\r\n") == status)
  }

  @Test(
    "lines that do not end with CR LF are refused",
    arguments: [
      "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "\nGET / HTTP/1.1\r\n",
      "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
  func lineEnds(_ text: String) { #expect(Self.status(text) == 400) }

  @Test("in HTTP/1.0, a coding of the body is refused, and no Host is needed")
  func oldVersion() {
    #expect(Self.status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400)
    #expect(Self.status("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400)
    #expect(Self.status("GET / HTTP/1.0\r\n\r\n") == nil)
  }

  @Test("a reason quotes nothing of the request")
  func reasons() {
    for head in ["GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n", "<script> / HTTP/1.1\r\n"] {
      guard case .refused(let refusal) = ParsedHead.outcome(of: head) else {
        Issue.record("\(head) is not refused")
        continue
      }
      #expect(!refusal.reason.contains("script"))
    }
  }
}
