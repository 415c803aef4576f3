import ChatHTTP
import Testing

/// Requests as browsers and programs send them: the fields that Chromium 130 and Firefox 132 add, in their order.
@Suite("RequestOrigin")
struct RequestOriginTests {
  private static func origin(
    _ method: String, _ fields: [String], isEncrypted: Bool = false
  ) throws -> RequestOrigin {
    RequestOrigin(
      try ParsedHead.request(method, "/x", fields), isEncrypted: isEncrypted,
      knownHosts: ["chat.example.org"],
      knownOrigins: Set([WebOrigin("https://page.example.org")].compactMap { $0 }))
  }

  private static let chromium = [
    "Connection: keep-alive",
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"", "sec-ch-ua-mobile: ?0",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  ]
  private static let firefox = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Accept: */*", "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate",
    "Connection: keep-alive",
  ]

  /// What a page of `http://evil.example` makes a browser send to a server on this machine.
  @Test(
    "a page from elsewhere is found out",
    arguments: [
      // fetch(…, {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}})
      (
        "POST",
        chromium + [
          "Content-Length: 5", "Content-Type: text/plain", "Accept: */*",
          "Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors",
          "Sec-Fetch-Dest: empty", "Referer: http://evil.example/",
        ]
      ),
      (
        "POST",
        firefox + [
          "Content-Type: text/plain", "Content-Length: 5", "Origin: http://evil.example",
          "Referer: http://evil.example/", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: no-cors",
          "Sec-Fetch-Site: cross-site",
        ]
      ),
      // The same to an address that is not on this machine: no Sec-Fetch-Site.
      ("POST", ["Host: 192.168.1.5:55555"] + firefox + ["Origin: http://evil.example"]),
      // <form method=post enctype=text/plain>, from a file or a sandboxed frame.
      (
        "POST",
        chromium + [
          "Cache-Control: max-age=0", "Origin: null", "Content-Type: text/plain",
          "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Site: cross-site",
          "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document",
        ]
      ),
      // <img>, <script>, EventSource, a link.
      (
        "GET",
        chromium + [
          "Accept: image/avif,image/webp,*/*", "Sec-Fetch-Site: cross-site",
          "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image",
        ]
      ),
      (
        "GET",
        firefox + [
          "Accept: text/event-stream", "Origin: http://evil.example", "Sec-Fetch-Dest: empty",
          "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site",
        ]
      ),
      (
        "GET",
        chromium + [
          "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
        ]
      ),
      // new WebSocket(…): Firefox and Chromium.
      (
        "GET",
        [
          "Connection: Upgrade", "Upgrade: websocket", "Origin: http://evil.example",
          "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
      ),
      (
        "GET",
        [
          "Sec-WebSocket-Version: 13", "Origin: null", "Connection: keep-alive, Upgrade",
          "Upgrade: websocket", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: websocket",
          "Sec-Fetch-Site: cross-site",
        ]
      ),
      // A preflight, of private network access too.
      (
        "OPTIONS",
        chromium + [
          "Access-Control-Request-Method: PUT", "Access-Control-Request-Private-Network: true",
          "Origin: http://evil.example", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site",
        ]
      ),
      // Another port of the same machine is the same site, and another origin.
      (
        "POST",
        chromium + ["Origin: http://127.0.0.1:8080", "Sec-Fetch-Site: same-site"]
      ),
      ("POST", chromium + ["Origin: https://127.0.0.1:55555"]),
      ("POST", chromium + ["Origin: http://127.0.0.1"]),
      ("GET", chromium + ["Sec-Fetch-Site: same-site"]),
      // DNS rebinding: evil.example means this server's address.
      (
        "POST",
        [
          "Host: evil.example:55555", "Origin: http://evil.example:55555",
          "Sec-Fetch-Site: same-origin",
        ]
      ),
      ("GET", ["Host: evil.example:55555"]),
      ("GET", ["Host: 127.0.0.1.evil.example"]), ("GET", ["Host: localhost.evil.example"]),
      // Nonsense is not trusted.
      ("POST", ["Origin: http://127.0.0.1:55555", "Origin: http://127.0.0.1:55555"]),
      ("POST", ["Origin: http://127.0.0.1:55555/"]), ("POST", ["Origin: "]),
      ("POST", ["Origin: http://127.0.0.1:55555", "Sec-Fetch-Site: "]),
    ] as [(String, [String])])
  func elsewhere(_ method: String, _ fields: [String]) throws {
    #expect(try !Self.origin(method, fields).isTrusted)
  }

  @Test(
    "the server's own pages, and what a person typed, may come",
    arguments: [
      [
        "Origin: http://127.0.0.1:55555", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Dest: empty",
      ],
      ["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1"],
      ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: style"],
      ["Host: [::1]:55555", "Origin: http://[::1]:55555"],
      ["Host: [0:0::1]:55555", "Origin: http://[::1]:55555"],
      ["Host: localhost:55555", "Origin: http://localhost:55555"],
      ["Host: chat.example.org", "Origin: http://chat.example.org:80"],
      ["Host: CHAT.example.org.", "Origin: http://chat.example.org"],
    ])
  func own(_ fields: [String]) throws { #expect(try Self.origin("GET", fields) == .own) }

  @Test("over TLS, the origin is of https")
  func encrypted() throws {
    let fields = ["Host: 192.168.1.5:55555", "Origin: https://192.168.1.5:55555"]
    #expect(try Self.origin("POST", fields, isEncrypted: true) == .own)
    #expect(try !Self.origin("POST", fields).isTrusted)
    let plain = ["Host: 192.168.1.5", "Origin: http://192.168.1.5"]
    #expect(try !Self.origin("POST", plain, isEncrypted: true).isTrusted)
  }

  @Test("an origin that was allowed may come, from its site")
  func allowed() throws {
    let fields = ["Origin: https://page.example.org"]
    #expect(try Self.origin("POST", fields) == .own)
  }

  @Test(
    "a program says nothing of a page",
    arguments: [
      ["User-Agent: curl/7.88.1", "Accept: */*"],
      ["Host: chat.example.org", "User-Agent: Wget/1.21"],
    ])
  func program(_ fields: [String]) throws { #expect(try Self.origin("PUT", fields) == .program) }

  @Test("HTTP/1.0 without Host is a program, unless a browser is named")
  func noHost() throws {
    let plain = try ParsedHead.head("GET / HTTP/1.0\r\n\r\n")
    #expect(RequestOrigin(plain, isEncrypted: false, knownHosts: []) == .program)
    let odd = try ParsedHead.head("GET / HTTP/1.0\r\nOrigin: http://a\r\n\r\n")
    #expect(!RequestOrigin(odd, isEncrypted: false, knownHosts: []).isTrusted)
  }
}
