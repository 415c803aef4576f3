import ChatServer
import TestKit
import Testing

@Suite("HTTPRoutes", .timeLimit(.minutes(1)))
struct HTTPRoutesTests {
  @Test("HTTP/1.0 without Host gets the page, too")
  func noHost() throws {
    let reply = try #require(try HTTPExchange.replies(to: "GET / HTTP/1.0\r\n\r\n").first)
    #expect(reply.status == 200 && reply.content.contains("nc HOST PORT"))
    #expect(reply.fields["connection"] == "close")
  }

  @Test("HEAD says what GET would, and a page that is known is not sent again")
  func headAndConditions() throws {
    let page = try HTTPExchange.reply(to: "GET", "/")
    let exchange = try HTTPExchange()
    exchange.transport.write(Array(HTTPExchange.request("HEAD", "/").utf8))
    exchange.transport.end()
    try exchange.waitUntilDone()
    let head = try #require(try HTTPReply.all(in: exchange.transport.text, areOfHEAD: true).first)
    var (fields, known) = (head.fields, page.fields)
    (fields["date"], known["date"]) = (nil, nil)
    #expect(fields == known && head.status == 200)
    let tag = try #require(page.fields["etag"])
    let again = try HTTPExchange.reply(to: "GET", "/", ["If-None-Match: \(tag)"])
    // A browser takes the fields of a 304 for the page that it has.
    for name in ["content-security-policy", "content-type"] {
      #expect(again.fields[name] == page.fields[name])
    }
    #expect(again.status == 304 && again.fields["etag"] == tag && again.content.isEmpty)
    #expect(try HTTPExchange.reply(to: "GET", "/", ["If-Match: \"x\""]).status == 412)
  }

  @Test(
    "each request is answered with its status",
    arguments: [
      ("GET", "/healthz", 200), ("HEAD", "/nothing", 404), ("GET", "/nothing", 404),
      ("GET", "/healthz/", 404), ("POST", "/", 405), ("PUT", "/healthz", 405),
      ("DELETE", "/metrics", 405), ("PATCH", "/", 405), ("TRACE", "/", 405), ("POST", "/no", 404),
      ("BREW", "/", 501), ("get", "/", 501), ("OPTIONS", "/", 204), ("OPTIONS", "*", 204),
      ("OPTIONS", "/nothing", 404), ("GET", "/../etc", 400), ("GET", "http://other/", 400),
      ("GET", "http://127.0.0.1:55555/healthz", 200),
    ])
  func statuses(_ method: String, _ path: String, _ status: Int) throws {
    let exchange = try HTTPExchange()
    exchange.transport.write(Array(HTTPExchange.request(method, path).utf8))
    exchange.transport.end()
    try exchange.waitUntilDone()
    let replies = try HTTPReply.all(in: exchange.transport.text, areOfHEAD: method == "HEAD")
    #expect(replies.map(\.status) == [status])
    if status == 405 { #expect(replies.first?.fields["allow"] == "GET, HEAD, OPTIONS") }
  }

  @Test(
    "a page from elsewhere changes nothing, and its preflight allows it nothing",
    arguments: [
      "Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site",
      "Host: evil.example",
    ])
  func elsewhere(_ field: String) throws {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
      let reply = try HTTPExchange.reply(to: method, "/", [field])
      #expect(reply.status == 403 && reply.fields["chat-code"] == "not-allowed")
    }
    let preflight = try HTTPExchange.reply(to: "OPTIONS", "/", [field])
    #expect(!preflight.fields.keys.contains { $0.hasPrefix("access-control") })
    #expect(try HTTPExchange.reply(to: "GET", "/metrics", [field]).status == 403)
    // What is open is shown, and no page may read it.
    let page = try HTTPExchange.reply(to: "GET", "/", [field])
    #expect(page.status == 200 && !page.fields.keys.contains { $0.hasPrefix("access-control") })
  }

  @Test("the numbers are for this machine, unless they are public")
  func metrics() throws {
    let own = try HTTPExchange.reply(to: "GET", "/metrics")
    #expect(own.status == 200)
    #expect(own.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(try HTTPExchange.reply(to: "GET", "/metrics", from: "::1").status == 200)
    let other = try HTTPExchange.reply(to: "GET", "/metrics", from: "192.168.1.7")
    #expect(other.status == 403 && other.fields["chat-code"] == "not-allowed")
    let open = try HTTPExchange.reply(
      to: "GET", "/metrics", ["Host: any.example"], from: "192.168.1.7"
    ) { $0.metricsArePublic = true }
    #expect(open.status == 200)
  }

  @Test("the numbers are in Prometheus's format, and each metric is described")
  func format() throws {
    let text = try HTTPExchange.reply(to: "GET", "/metrics").content
    var types: [String: String] = [:]
    var samples: Set<String> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let line = String(line)
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ").map(String.init)
        #expect(types[words[2]] == nil, "\(words[2]) twice")
        types[words[2]] = words[3]
      } else if !line.hasPrefix("# HELP ") {
        let match = try #require(
          line.wholeMatch(of: /([a-z_]+)(\{[a-z]+="[^"\\]+"(,[a-z]+="[^"\\]+")*\})? [0-9.]+/),
          "\(line)")
        let name = String(match.1)
        #expect(samples.insert("\(name)\(match.2 ?? "")").inserted, "\(line) twice")
        let base = name.replacing(/_(bucket|sum|count)$/, with: "")
        #expect(types[name] != nil || types[base] == "histogram", "\(line)")
      }
    }
    #expect(text.hasSuffix("\n") && types.count >= 10)
    #expect(text.contains("\nchat_connections{kind=\"http\",tls=\"false\"} 1\n"))
    #expect(text.contains("\nchat_rooms 1\n") && text.contains("\nchat_members 0\n"))
    #expect(text.contains("\nchat_line_latency_seconds_bucket{le=\"+Inf\"} 0\n"))
  }
}
