import ChatHTTP
import Testing

@Suite("Preconditions and ranges")
struct PreconditionsTests {
  private static let now = HTTPDate(seconds: 1_780_000_000)
  private static let changed = HTTPDate(seconds: 784_111_777)
  private static let state = Preconditions(tag: EntityTag("xyzzy"), lastModified: changed)

  // Most examples are those of RFC 9110, section 13.1.
  @Test(
    "what was demanded decides, in the RFC's order",
    arguments: [
      ("GET", "If-Match: \"xyzzy\"", Preconditions.Verdict.proceed),
      ("GET", "If-Match: \"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", .proceed),
      ("GET", "If-Match: *", .proceed), ("PUT", "If-Match: \"r2d2xxxx\"", .failed),
      ("GET", "If-Match: W/\"xyzzy\"", .failed), ("GET", "If-Match: xyzzy", .failed),
      ("GET", "If-None-Match: \"xyzzy\"", .notModified),
      ("GET", "If-None-Match: W/\"xyzzy\"", .notModified),
      ("HEAD", "If-None-Match: \"a\",, W/\"xyzzy\"", .notModified),
      ("PUT", "If-None-Match: *", .failed), ("GET", "If-None-Match: *", .notModified),
      ("GET", "If-None-Match: \"a\", \"b\"", .proceed), ("GET", "If-None-Match: ", .proceed),
      ("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .notModified),
      ("GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", .notModified),
      ("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT", .proceed),
      ("GET", "If-Modified-Since: yesterday", .proceed),
      ("POST", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .proceed),
      ("GET", "If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT", .failed),
      ("GET", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .proceed),
      // Tags go before dates.
      ("GET", "If-None-Match: \"a\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", .proceed),
      (
        "GET", "If-Match: \"xyzzy\"\r\nIf-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT",
        .proceed
      ),
      ("GET", "If-Match: \"xyzzy\"\r\nIf-None-Match: \"xyzzy\"", .notModified),
    ])
  func verdicts(_ method: String, _ field: String, _ verdict: Preconditions.Verdict) throws {
    let head = try ParsedHead.request(method, "/", [field])
    #expect(Self.state.verdict(for: head, now: Self.now) == verdict)
  }

  @Test("what does not exist matches nothing")
  func absent() throws {
    let nothing = Preconditions(tag: nil)
    let match = try ParsedHead.get("If-Match: *")
    #expect(nothing.verdict(for: match, now: Self.now) == .failed)
    let none = try ParsedHead.request("PUT", "/", ["If-None-Match: *"])
    #expect(nothing.verdict(for: none, now: Self.now) == .proceed)
  }

  // RFC 9110, section 14.1.2, with its representation of 10,000 bytes.
  @Test(
    "one range is understood, and anything else is all of it",
    arguments: [
      ("bytes=0-499", ByteRange.part(0..<500)), ("bytes=500-999", .part(500..<1_000)),
      ("bytes=-500", .part(9_500..<10_000)), ("bytes=9500-", .part(9_500..<10_000)),
      ("bytes=0-", .part(0..<10_000)), ("Bytes= 0-0 ", .part(0..<1)),
      ("bytes=-10001", .part(0..<10_000)), ("bytes=9999-99999", .part(9_999..<10_000)),
      ("bytes=10000-", .unsatisfiable), ("bytes=10000-10001", .unsatisfiable),
      ("bytes=-0", .unsatisfiable), ("bytes=0-0,-1", .all), ("bytes=5-4", .all), ("bytes=-", .all),
      ("bytes=a-b", .all), ("lines=0-1", .all), ("bytes=0x1-2", .all), ("bytes", .all),
      ("bytes=0-18446744073709551615", .part(0..<10_000)), ("bytes=18446744073709551616-", .all),
    ])
  func ranges(_ value: String, _ range: ByteRange) throws {
    #expect(ByteRange(try ParsedHead.get("Range: \(value)"), size: 10_000) == range)
  }

  @Test("ranges of nothing, of other methods, and two at once")
  func oddRanges() throws {
    #expect(ByteRange(try ParsedHead.get("Range: bytes=0-"), size: 0) == .unsatisfiable)
    #expect(ByteRange(try ParsedHead.get("Range: bytes=-1"), size: 0) == .unsatisfiable)
    let head = try ParsedHead.request("HEAD", "/", ["Range: bytes=0-1"])
    #expect(ByteRange(head, size: 10) == .all)
    let two = try ParsedHead.get("Range: bytes=0-1", "Range: bytes=0-1")
    #expect(ByteRange(two, size: 10) == .all)
  }

  @Test(
    "a range is served only of the state that it is of",
    arguments: [
      ("\"xyzzy\"", true), ("W/\"xyzzy\"", false), ("\"other\"", false), ("nonsense", false),
      ("\"xyzzy\", \"a\"", false), ("Sun, 06 Nov 1994 08:49:37 GMT", true),
      ("Sun, 06 Nov 1994 08:49:38 GMT", false),
    ])
  func ifRange(_ value: String, _ isAllowed: Bool) throws {
    let head = try ParsedHead.get("If-Range: \(value)")
    #expect(Self.state.allowsRange(of: head, now: Self.now) == isAllowed)
    #expect(Self.state.allowsRange(of: try ParsedHead.get(), now: Self.now))
  }

  @Test("a date of a moment ago is no proof")
  func recent() throws {
    let head = try ParsedHead.get("If-Range: Sun, 06 Nov 1994 08:49:37 GMT")
    let soon = HTTPDate(seconds: Self.changed.seconds + 59)
    #expect(!Self.state.allowsRange(of: head, now: soon))
  }
}
