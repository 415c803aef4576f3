import TestKit

/// Heads of requests as clients, careless programs and attackers write them.
enum RandomHead {
  private static let methods = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "M-SEARCH", "get",
  ]
  private static let targets = [
    "/", "/healthz", "/metrics?x=y", "/files/0123456789abcdef/a%20b.png", "/r/%23name", "/a/b/c/",
    "/%C3%A9", "/?q=%zz&r=[]{}|^", "http://example.org/x", "/~a/b;c=d,e!$&'()*+@:", "*", "//x",
    "/a/../b", "/%2e%2e/b", "/a%2fb", "/a%00b", "example.org:80", "/#x",
  ]
  private static let hosts = [
    "example.org", "example.org:80", "127.0.0.1:55555", "[::1]:55555", "localhost", "EXAMPLE.org",
    "a_b.example", "example.org:", "", "a b", "user@a",
  ]
  private static let fields = [
    "Connection: keep-alive", "Connection: close", "connection: Upgrade, keep-alive",
    "Accept: */*", "Accept-Encoding: gzip, deflate, br", "User-Agent: curl/7.88.1",
    "Cookie: a=b; c=\"d e\"", "If-None-Match: \"xyzzy\", W/\"a\"", "Range: bytes=0-499",
    "Origin: null", "Sec-Fetch-Site: cross-site", "X-Empty:", "X-Blank: \t ", "x-tab:\ta\tb\t",
    "!#$%&'*+-.^_`|~: token", "Authorization: Bearer abc", "Content-Type: text/plain",
    "X-Obs: \u{E9}", "Upgrade: h2c", "TE: trailers", "X-Name:no-blank",
  ]
  private static let oddFields = [
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Content-Length: 0",
    "Content-Length: 3, 3", "Content-Length: +3", "Content-Length:", "Content-Length: 007",
    "Expect: 100-continue", "Expect: something", "X-Space : y", " folded", "\tfolded", "no colon",
    ": no name", "Host: other.example", "X-Bell: \u{7}", "X-Nul: \u{0}", "X-Del: \u{7F}",
    "X-Feed: a\u{B}b\u{C}",
  ]

  /// A head with its end: two thirds as they should be, the others changed somewhere.
  static func next(using random: inout SeededRandom) -> [UInt8] {
    let isOdd = Int.random(in: 0..<3, using: &random) == 0
    let plainTargets = isOdd ? targets[...] : targets[..<10]
    let plainHosts = isOdd ? hosts[...] : hosts[..<7]
    var lines = [
      pick(methods[...], &random) + " " + pick(plainTargets, &random)
        + (Int.random(in: 0..<6, using: &random) == 0 ? " HTTP/1.0" : " HTTP/1.1")
    ]
    lines.append("Host: " + pick(plainHosts, &random))
    for _ in 0..<Int.random(in: 0..<8, using: &random) { lines.append(pick(fields[...], &random)) }
    if Bool.random(using: &random) {
      lines.append("Content-Length: \(Int.random(in: 0..<4_000, using: &random))")
    }
    if isOdd { lines.append(pick(oddFields[...], &random)) }
    lines[1...].shuffle(using: &random)
    // An absolute URL goes with its own host.
    if !isOdd, lines[0].contains("http://") {
      lines.removeAll { $0.hasPrefix("Host:") }
      lines.append("Host: example.org")
    }
    // Text beyond ASCII is sent as ISO 8859-1.
    var bytes: [UInt8] = []
    for line in lines {
      bytes += line.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      bytes += [0x0D, 0x0A]
    }
    if isOdd { for _ in 0..<Int.random(in: 0...2, using: &random) { damage(&bytes, &random) } }
    return bytes + [0x0D, 0x0A]
  }

  private static func pick(_ choices: ArraySlice<String>, _ random: inout SeededRandom) -> String {
    choices.randomElement(using: &random) ?? ""
  }

  private static func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    let index = Int.random(in: 0..<bytes.count, using: &random)
    let odd: [UInt8] = [
      0, 7, 9, 10, 11, 12, 13, 32, 34, 58, 44, 47, 127, 128, 160, 255,
      .random(in: 33...126, using: &random),
    ]
    let byte = odd.randomElement(using: &random) ?? 0
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes[index] = byte
    case 1: bytes.insert(byte, at: index)
    case 2 where bytes.count > 1: bytes.remove(at: index)
    default: bytes[index] ^= 0x20
    }
  }
}
