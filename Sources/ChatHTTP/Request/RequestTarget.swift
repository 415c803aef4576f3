/// What a request is about (RFC 9112, section 3.2): a path and perhaps a query, or `*`.
///
/// Paths are strict, so that none means two things to two readers. Refused with 400 are: empty segments (`//`), `.` and
/// `..` in any spelling, an encoded `/` or control character, `%` without two hexadecimal digits, what is not UTF-8,
/// and the characters that no URL holds as they are: `"`, `#`, `<`, `>`, `\`.
package struct RequestTarget: Sendable, Equatable {
  /// The decoded segments of the path: none for `/`. The last one is empty where the path ends with a slash.
  package let segments: [String]
  /// What follows `?`, as it came; `nil` if there is no `?`.
  package let query: String?
  /// It is `*`, which is about the server itself.
  package let isAsterisk: Bool
  /// The authority of an absolute URL, which clients send to proxies.
  package let authority: Authority?
  /// As it came.
  package let text: String
  /// The path and the query as they came, without the scheme and the authority of an absolute URL.
  package let local: String

  /// The path, as its segments make it.
  package var path: String { isAsterisk ? "*" : "/" + segments.joined(separator: "/") }

  init(_ text: String, method: String) throws(RequestRefusal) {
    self.text = text
    guard method != "CONNECT" else { throw RequestRefusal(.notImplemented, "this is no proxy") }
    if text == "*" {
      guard method == "OPTIONS" else { throw RequestRefusal(.badRequest, "* is for OPTIONS alone") }
      (segments, query, isAsterisk, authority, local) = ([], nil, true, nil, text)
      return
    }
    isAsterisk = false
    guard !text.utf8.contains(where: { "\"#<>\\".utf8.contains($0) }) else {
      throw RequestRefusal(.badRequest, "a character in the target that no URL holds")
    }
    let rest: Substring
    (authority, rest) = try Self.split(text)
    local = (rest.hasPrefix("/") ? "" : "/") + rest
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    query = parts.count > 1 ? String(parts[1]) : nil
    segments = try Self.segments(parts.first ?? "")
  }

  /// The authority and the rest of an absolute URL; of a path, only the rest.
  private static func split(
    _ text: String
  ) throws(RequestRefusal) -> (Authority?, Substring) {
    guard text.utf8.first != UInt8(ascii: "/") else { return (nil, text[...]) }
    guard
      let scheme = ["http://", "https://"].first(where: {
        HTTPCharacters.lowercased(text.prefix($0.count)) == $0
      })
    else {
      throw RequestRefusal(.badRequest, "the target is no path and no URL of the web")
    }
    let rest = text.dropFirst(scheme.count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    guard let authority = Authority(rest[..<end]) else {
      throw RequestRefusal(.badRequest, "the target's host is none")
    }
    return (authority, rest[end...])
  }

  private static func segments(_ path: Substring) throws(RequestRefusal) -> [String] {
    // An absolute URL may have no path, which means `/`.
    guard !path.isEmpty, path != "/" else { return [] }
    var segments: [String] = []
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      guard !part.isEmpty || index == parts.count - 1 else {
        throw RequestRefusal(.badRequest, "an empty segment in the path")
      }
      let segment = try decoded(part)
      guard segment != ".", segment != ".." else {
        throw RequestRefusal(.badRequest, "a dot segment in the path")
      }
      segments.append(segment)
    }
    return segments
  }

  /// The value of a parameter in the query, decoded; `nil` if it is not there, or no text.
  package func parameter(_ name: String) -> String? {
    for part in query?.split(separator: "&") ?? [] {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if pair[0] == name { return PercentEncoding.decoded(pair.count > 1 ? pair[1] : "") }
    }
    return nil
  }

  private static func decoded(_ segment: Substring) throws(RequestRefusal) -> String {
    guard let bytes = PercentEncoding.decodedBytes(segment) else {
      throw RequestRefusal(.badRequest, "% without two hexadecimal digits")
    }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }) else {
      throw RequestRefusal(.badRequest, "an encoded character that no path holds")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RequestRefusal(.badRequest, "the path is not UTF-8")
    }
    return text
  }
}
