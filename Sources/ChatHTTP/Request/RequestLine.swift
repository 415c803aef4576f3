/// The first line of a request (RFC 9112, section 3): `METHOD SP target SP HTTP/1.1`.
package struct RequestLine: Sendable, Equatable {
  /// The longest method, in bytes. A longer one is one that nobody has.
  package static let longestMethod = 32
  /// The longest target, in bytes.
  package static let longestTarget = 8_000
  /// The longest line, in bytes without its end.
  package static let longest = longestMethod + longestTarget + 10

  /// A token, as it came: methods tell upper from lower case.
  package let method: String
  /// As it came: visible ASCII.
  package let target: String
  package let version: HTTPVersion

  /// Reads a line without its CR LF: the three parts, and between them exactly one space.
  package init(_ line: Span<UInt8>) throws(RequestRefusal) {
    let spaces = line.indices.filter { line[$0] == HTTPCharacters.space }
    try Self.checkLengths(line, spaces)
    guard spaces.count == 2 else {
      throw RequestRefusal(.badRequest, "a request line has two spaces")
    }
    let method = line.extracting(0..<spaces[0])
    let target = line.extracting((spaces[0] + 1)..<spaces[1])
    guard !method.isEmpty, method.indices.allSatisfy({ HTTPCharacters.isToken(method[$0]) }) else {
      throw RequestRefusal(.badRequest, "the method is no token")
    }
    guard !target.isEmpty, target.indices.allSatisfy({ HTTPCharacters.isVisible(target[$0]) })
    else {
      throw RequestRefusal(.badRequest, "the target is not visible ASCII")
    }
    version = try Self.version(line.extracting((spaces[1] + 1)..<line.count))
    self.method = Self.text(method)
    self.target = Self.text(target)
  }

  /// A line whose method or target is too long is refused as such, whatever else is wrong with it.
  static func checkLengths(_ line: Span<UInt8>, _ spaces: [Int]) throws(RequestRefusal) {
    let methodEnd = spaces.first ?? line.count
    guard methodEnd <= longestMethod else {
      throw RequestRefusal(.notImplemented, "an unknown method")
    }
    guard (spaces.dropFirst().first ?? line.count) - methodEnd - 1 <= longestTarget else {
      throw RequestRefusal(.uriTooLong, "the target is too long")
    }
  }

  private static func version(_ bytes: Span<UInt8>) throws(RequestRefusal) -> HTTPVersion {
    guard isVersion(bytes) else { throw RequestRefusal(.badRequest, "no HTTP version") }
    switch (bytes[5], bytes[7]) {
    case (UInt8(ascii: "1"), UInt8(ascii: "1")): return .http11
    case (UInt8(ascii: "1"), UInt8(ascii: "0")): return .http10
    default: throw RequestRefusal(.versionNotSupported, "this server speaks HTTP/1.1")
    }
  }

  /// `HTTP/`, a digit, a dot, a digit.
  private static func isVersion(_ bytes: Span<UInt8>) -> Bool {
    let name = Array("HTTP/".utf8)
    return bytes.count == 8 && name.indices.allSatisfy { bytes[$0] == name[$0] }
      && HTTPCharacters.isDigit(bytes[5]) && bytes[6] == UInt8(ascii: ".")
      && HTTPCharacters.isDigit(bytes[7])
  }

  private static func text(_ ascii: Span<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for index in ascii.indices { text.append(Unicode.Scalar(ascii[index])) }
    return String(text)
  }

  // MARK: Recognition

  /// Whether a line, without its end, is meant as a request line: a token, something between spaces, and an HTTP
  /// version. It may be one that `init` refuses.
  package static func isMeant(by line: Span<UInt8>) -> Bool {
    guard let methodEnd = line.indices.first(where: { line[$0] == HTTPCharacters.space }),
      methodEnd > 0,
      line.indices.prefix(methodEnd).allSatisfy({ HTTPCharacters.isToken(line[$0]) }),
      line.count >= methodEnd + 10
    else { return false }
    let version = line.count - 8
    return line[version - 1] == HTTPCharacters.space
      && isVersion(line.extracting(version..<line.count))
  }

  /// Whether a line that has not ended may yet become one that `isMeant` takes.
  package static func mayBegin(with bytes: Span<UInt8>) -> Bool {
    let methodEnd = bytes.indices.first { bytes[$0] == HTTPCharacters.space } ?? bytes.count
    guard methodEnd <= longestMethod, methodEnd > 0 || bytes.isEmpty else { return false }
    return bytes.indices.prefix(methodEnd).allSatisfy { HTTPCharacters.isToken(bytes[$0]) }
  }
}
