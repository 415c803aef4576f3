import ChatHTTP
import TestKit
import Testing

@Suite("RequestHeadParser")
struct RequestHeadTests {
  @Test("a request is read with its fields")
  func plain() throws {
    let head = try ParsedHead.head(
      "POST /files/a%20b?x=%zz&y HTTP/1.1\r\nHost: Example.ORG:8080\r\ncontent-length:\t 12 \r\n"
        + "X-Odd: \u{0}".replacing("\u{0}", with: "a \t b") + "\r\nEmpty:\r\n\r\n")
    #expect(head.method == "POST" && head.version == .http11)
    #expect(head.target.segments == ["files", "a b"] && head.target.query == "x=%zz&y")
    #expect(head.target.text == "/files/a%20b?x=%zz&y")
    #expect(head.host == Authority("example.org:8080") && head.contentLength == 12)
    #expect(head.fields["x-odd"] == "a \t b" && head.fields["empty"]?.isEmpty == true)
    #expect(head.keepsAlive && !head.expectsContinue)
  }

  @Test("however the bytes are split, the head is the same, and what follows is left")
  func everySplit() {
    let text = "\r\nGET /a HTTP/1.1\r\nHost: [::1]:80\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\n"
    let bytes = Array(text.utf8)
    let whole = ParsedHead.outcome(of: text)
    guard case .head(let head, let consumed) = whole else {
      Issue.record("\(whole)")
      return
    }
    #expect(head.target.path == "/a" && consumed == bytes.count - 17)
    #expect(ParsedHead.outcome(of: bytes.indices.map { bytes[$0...$0] }) == whole)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
        if ParsedHead.outcome(of: pieces) != whole { Issue.record("\(first), \(second)") }
      }
    }
  }

  @Test("a head that has not ended needs more, wherever it is cut")
  func cut() {
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    for count in 0..<bytes.count {
      #expect(ParsedHead.outcome(of: [bytes[..<count]]) == .needMore)
    }
  }

  @Test(
    "the connection goes on as the version and Connection say",
    arguments: [
      ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false),
      ("HTTP/1.1", "Connection: Keep-Alive, CLOSE", false),
      ("HTTP/1.0", "X: y", false), ("HTTP/1.0", "Connection: keep-alive", true),
      ("HTTP/1.0", "Connection: , keep-alive ,close", false),
    ])
  func keepAlive(_ version: String, _ field: String, _ isKept: Bool) throws {
    let head = try ParsedHead.head("GET / \(version)\r\nHost: a\r\n\(field)\r\n\r\n")
    #expect(head.keepsAlive == isKept)
  }

  @Test("an expectation is one of HTTP/1.1")
  func expectation() throws {
    let post = "Host: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n"
    #expect(try ParsedHead.head("POST / HTTP/1.1\r\n" + post).expectsContinue)
    #expect(try !ParsedHead.head("POST / HTTP/1.0\r\n" + post).expectsContinue)
  }

  @Test("what a redirection takes from a target: its path and its query, as they came")
  func localTarget() throws {
    for (target, local) in [
      ("/a%20b?c=%2F", "/a%20b?c=%2F"), ("/", "/"), ("http://a:1/x?y", "/x?y"), ("http://a:1", "/"),
      ("http://a:1?q", "/?q"),
    ] {
      var parser = RequestHeadParser()
      let text = Array("GET \(target) HTTP/1.1\r\nHost: a:1\r\n\r\n".utf8)
      guard case .head(let head, _) = parser.feed(text.span) else {
        Issue.record("\(target) is refused")
        continue
      }
      #expect(head.target.local == local)
    }
  }

  @Test("HTTP/1.0 needs no Host, and an absolute URL names one")
  func hosts() throws {
    #expect(try ParsedHead.head("GET / HTTP/1.0\r\n\r\n").host == nil)
    let head = try ParsedHead.head("GET HTTP://A.b?q HTTP/1.1\r\nHost: a.b:80\r\n\r\n")
    #expect(head.target.path == "/" && head.target.query == "q")
    #expect(head.host == Authority("a.b:80"))
    #expect(try ParsedHead.head("GET http://a/x HTTP/1.0\r\n\r\n").host == Authority("a"))
    #expect(try ParsedHead.head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").target.isAsterisk)
  }

  @Test("bytes that are not ASCII stay what they are in a value, and are none of a host's")
  func opaque() throws {
    let start = Array("GET / HTTP/1.1\r\nHost: a\r\nCookie: ".utf8)
    let outcome = ParsedHead.outcome(
      of: [(start + [0xC3, 0xA9, 0xFF] + Array("\r\n\r\n".utf8))[...]])
    guard case .head(let head, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(head.fields["cookie"] == "\u{C3}\u{A9}\u{FF}")
  }

  @Test("the longest head is taken, and one byte more is not")
  func limits() {
    func head(_ count: Int) -> String {
      let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
      return start + String(repeating: "x", count: count - start.utf8.count - 4) + "\r\n\r\n"
    }
    let limit = RequestHeadParser.byteLimit
    guard case .head(_, limit) = ParsedHead.outcome(of: head(limit)) else {
      Issue.record("the longest head is refused")
      return
    }
    #expect(Self.status(head(limit + 1)) == .headerFieldsTooLarge)
    #expect(Self.status(head(1_048_576)) == .headerFieldsTooLarge)
    let target = String(repeating: "x", count: RequestLine.longestTarget - 1)
    #expect(Self.status("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    #expect(Self.status("GET /\(target)x HTTP/1.1\r\nHost: a\r\n\r\n") == .uriTooLong)
    // Without any end, it is refused when it is clear.
    #expect(Self.status("GET /\(target)\(target)") == .uriTooLong)
    #expect(Self.status(target + target) == .notImplemented)
    let fields = String(repeating: "a: b\r\n", count: RequestHeadParser.fieldLimit)
    #expect(Self.status("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == .headerFieldsTooLarge)
  }

  static func status(_ text: String) -> HTTPStatus? {
    guard case .refused(let refusal) = ParsedHead.outcome(of: text) else { return nil }
    return refusal.status
  }
}
