/// A line of the form `[TAG]:value`, with attributes after it, each a TAB and `key=value`.
///
/// Text that begins otherwise, `[hello] you` or `[Ok]: yes`, is not a tagged line.
public struct TaggedLine: Sendable, Equatable {
  /// One `key=value`.
  public struct Attribute: Sendable, Equatable {
    /// Lower-case ASCII letters, digits and `-`.
    public let key: String
    /// Anything but TAB and control characters.
    public let value: String

    /// Makes an attribute; `value` is cleaned when the line is encoded.
    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }

    fileprivate init?(_ field: Substring) {
      guard let equals = field.firstIndex(of: "="), equals > field.startIndex else { return nil }
      let key = field[..<equals]
      guard key.utf8.allSatisfy(Self.isKeyByte) else { return nil }
      self.init(String(key), String(field[field.index(after: equals)...]))
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  /// Upper-case ASCII letters.
  public let tag: String
  /// What stands between the colon and the first TAB.
  public let value: String
  /// In the order they came in.
  public let attributes: [Attribute]

  /// Makes a line to send.
  public init(_ tag: String, _ value: String, _ attributes: [Attribute] = []) {
    self.tag = tag
    self.value = value
    self.attributes = attributes
  }

  /// Reads a line that begins with a tag; `nil` if it does not.
  ///
  /// The line is cleaned before it is read, so no value holds a control character.
  /// - Parameters:
  ///   - line: the line without its LF.
  ///   - limit: how many bytes it may have once it is cleaned, its LF included.
  /// - Throws: `Refusal` with `badTag` if an attribute is none, or stands twice; with `lineTooLong`.
  public init?(_ line: Span<UInt8>, limit: Int) throws(Refusal) {
    guard let tagEnd = Self.endOfTag(in: line) else { return nil }
    let tag = TextCleaner.clean(line.extracting(1..<tagEnd - 2))
    try self.init(tag: tag, tagEnd, line, limit: limit)
  }

  private init(tag: String, _ tagEnd: Int, _ line: Span<UInt8>, limit: Int) throws(Refusal) {
    let text = TextCleaner.clean(line.extracting(tagEnd..<line.count))
    guard tagEnd + text.utf8.count < limit else { throw .lineTooLong }
    // White space in Swift's sense would join a TAB to a mark that follows it: bytes do not.
    let fields = text.unicodeScalars.split(separator: "\t", omittingEmptySubsequences: false)
    self.tag = tag
    value = fields.first.map { String($0) } ?? ""
    var attributes: [Attribute] = []
    for field in fields.dropFirst() {
      guard let attribute = Attribute(Substring(field)),
        !attributes.contains(where: { $0.key == attribute.key })
      else {
        throw Refusal(.badTag, "attributes look like TAB key=value, each key once")
      }
      attributes.append(attribute)
    }
    self.attributes = attributes
  }

  /// The value cut at its first space, as `[MSG]` has it; `nil` if either part is empty.
  ///
  /// At the byte: a Swift `Character` may be a space and the mark that follows it.
  var nameAndText: (name: String, text: String)? {
    guard let space = value.utf8.firstIndex(of: UInt8(ascii: " ")), space > value.startIndex else {
      return nil
    }
    let text = value.utf8[value.utf8.index(after: space)...]
    return text.isEmpty ? nil : (String(value[..<space]), String(Substring(text)))
  }

  /// Whether a line begins with a tag, and so is not text.
  public static func isTagged(_ line: Span<UInt8>) -> Bool { endOfTag(in: line) != nil }

  /// The value of an attribute, if it is there.
  public subscript(key: String) -> String? {
    attributes.first { $0.key == key }?.value
  }

  /// The line's bytes with its LF. Values are cleaned, and their TABs made spaces.
  public func encoded() -> [UInt8] {
    var bytes = Array((tag == "END" ? "<END>" : "[\(tag)]:").utf8)
    Self.append(value, to: &bytes)
    for attribute in attributes {
      bytes.append(contentsOf: "\t\(attribute.key)=".utf8)
      Self.append(attribute.value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private static func append(_ value: String, to bytes: inout [UInt8]) {
    let start = bytes.count
    TextCleaner.append(Array(value.utf8).span, to: &bytes)
    for index in start..<bytes.count where bytes[index] == UInt8(ascii: "\t") {
      bytes[index] = UInt8(ascii: " ")
    }
  }

  /// The index after `[TAG]:`.
  private static func endOfTag(in line: Span<UInt8>) -> Int? {
    guard line.count >= 4, line[0] == UInt8(ascii: "[") else { return nil }
    var index = 1
    while index < line.count, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= line[index] { index += 1 }
    guard index > 1, index + 1 < line.count, line[index] == UInt8(ascii: "]"),
      line[index + 1] == UInt8(ascii: ":")
    else { return nil }
    return index + 2
  }
}

extension TaggedLine {
  /// The line ends an answer.
  var isLast: Bool { self["end"] == "1" }

  /// A number without a sign; `nil` if it is missing or something else.
  func unsigned(_ key: String) -> UInt64? { self[key].flatMap { UInt64($0) } }

  /// An attribute that counts something; `nil` if it is missing, no number, or less than nothing.
  func count(_ key: String) -> Int? {
    self[key].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
  }
}
