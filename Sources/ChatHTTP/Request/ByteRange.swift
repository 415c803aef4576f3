/// The one range of bytes that a request asks for (RFC 9110, section 14). Pure.
package enum ByteRange: Sendable, Equatable {
  /// All of it: no range, several, or one that is not understood, which may be ignored.
  case all
  /// These bytes.
  case part(Range<UInt64>)
  /// Nothing of it exists: 416.
  case unsatisfiable

  /// Reads the `Range` of a GET.
  ///
  /// - Parameter size: how many bytes there are.
  package init(_ head: RequestHead, size: UInt64) {
    // RFC 9110, section 14.2: other methods have no ranges.
    guard head.method == "GET", let value = head.fields["range"] else {
      self = .all
      return
    }
    self = Self.range(value, size)
  }

  private static func range(_ value: String, _ size: UInt64) -> ByteRange {
    let unit = "bytes="
    guard HTTPCharacters.lowercased(value.prefix(unit.count)) == unit else { return .all }
    let text = HTTPCharacters.trimmed(value.dropFirst(unit.count))
    guard let dash = text.firstIndex(of: "-") else { return .all }
    let (first, last) = (text[..<dash], text[text.index(after: dash)...])
    if first.isEmpty {
      guard let count = HTTPCharacters.decimal(last) else { return .all }
      guard count > 0, size > 0 else { return .unsatisfiable }
      return .part(size - min(size, count)..<size)
    }
    guard let start = HTTPCharacters.decimal(first) else { return .all }
    guard !last.isEmpty else {
      return start < size ? .part(start..<size) : .unsatisfiable
    }
    guard let end = HTTPCharacters.decimal(last), end >= start else { return .all }
    return start < size ? .part(start..<min(size - 1, end) + 1) : .unsatisfiable
  }
}
