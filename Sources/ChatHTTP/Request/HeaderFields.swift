/// The fields of a request, in the order in which they came.
///
/// A value is kept as the text whose code points are its bytes (ISO 8859-1, as browsers' fetch has it): bytes from 80
/// on are opaque, and no field that is understood here takes them.
package struct HeaderFields: Sendable, Equatable {
  /// A field: its name in lower case, its value without the blanks around it.
  package struct Field: Sendable, Equatable {
    /// The name, a token in lower case.
    package let name: String
    /// The value.
    package let value: String
  }

  /// All of them.
  package private(set) var all: [Field] = []

  /// No fields.
  package init() {}

  /// Reads a line, without its CR LF, and adds the field.
  mutating func append(line: Span<UInt8>) throws(RequestRefusal) {
    guard let first = line.indices.first, line[first] != HTTPCharacters.space,
      line[first] != HTTPCharacters.tab
    else {
      throw RequestRefusal(.badRequest, "a field goes on in the next line")
    }
    guard let colon = line.indices.first(where: { line[$0] == UInt8(ascii: ":") }) else {
      throw RequestRefusal(.badRequest, "a field without a colon")
    }
    guard colon > 0, line.indices.prefix(colon).allSatisfy({ HTTPCharacters.isToken(line[$0]) })
    else {
      throw RequestRefusal(.badRequest, "a field's name is no token")
    }
    let value = line.extracting((colon + 1)..<line.count)
    guard value.indices.allSatisfy({ HTTPCharacters.isFieldValue(value[$0]) }) else {
      throw RequestRefusal(.badRequest, "a control character in a field")
    }
    all.append(
      Field(
        name: HTTPCharacters.lowercased(Self.text(line.extracting(0..<colon))),
        value: HTTPCharacters.trimmed(Self.text(value))))
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for index in bytes.indices { text.append(Unicode.Scalar(bytes[index])) }
    return String(text)
  }

  /// The values of a field, by its name in lower case.
  package func values(_ name: String) -> [String] {
    all.lazy.filter { $0.name == name }.map(\.value)
  }

  /// The value of a field that comes once; `nil` if it is missing, or comes more than once.
  package subscript(name: String) -> String? {
    let values = values(name)
    return values.count == 1 ? values.first : nil
  }

  /// The tokens of a list such as `Connection`'s, in lower case (RFC 9110, section 5.6.1). Empty ones do not count.
  package func tokens(_ name: String) -> [String] {
    values(name).flatMap { $0.split(separator: ",") }
      .map { HTTPCharacters.lowercased(HTTPCharacters.trimmed($0)) }.filter { !$0.isEmpty }
  }
}
