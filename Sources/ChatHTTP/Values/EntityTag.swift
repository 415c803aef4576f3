/// What names one state of a resource (RFC 9110, section 8.8.3): `"xyzzy"`, or `W/"xyzzy"`.
package struct EntityTag: Sendable, Hashable {
  /// What stands between the quotes.
  package let opaque: String
  /// It may name states that differ in their bytes.
  package let isWeak: Bool

  /// Makes a tag.
  ///
  /// - Parameter opaque: visible ASCII without `"`; anything else is a bug of the caller's, and traps.
  package init(_ opaque: String, isWeak: Bool = false) {
    precondition(opaque.utf8.allSatisfy(Self.isTagCharacter))
    (self.opaque, self.isWeak) = (opaque, isWeak)
  }

  /// The tag as it is sent.
  package var text: String { (isWeak ? "W/" : "") + "\"\(opaque)\"" }

  /// Reads a list of tags as `If-None-Match` has it; `nil` if it is none.
  package static func list(_ text: String) -> [EntityTag]? {
    var rest = text.utf8[...]
    var tags: [EntityTag] = []
    while true {
      rest = rest.drop { isBlank($0) || $0 == UInt8(ascii: ",") }
      guard !rest.isEmpty else { return tags.isEmpty ? nil : tags }
      guard let tag = next(&rest) else { return nil }
      tags.append(tag)
      rest = rest.drop(while: isBlank)
      guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
    }
  }

  private static func next(_ rest: inout Substring.UTF8View) -> EntityTag? {
    let isWeak = rest.starts(with: "W/".utf8)
    if isWeak { rest = rest.dropFirst(2) }
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    let opaque = rest.prefix(while: isTagCharacter)
    rest = rest.dropFirst(opaque.count)
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    return EntityTag(String(decoding: opaque, as: UTF8.self), isWeak: isWeak)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == HTTPCharacters.space || byte == HTTPCharacters.tab
  }

  /// `etagc` without `obs-text`.
  private static func isTagCharacter(_ byte: UInt8) -> Bool {
    HTTPCharacters.isVisible(byte) && byte != UInt8(ascii: "\"")
  }

  /// Whether both name the same bytes (RFC 9110, section 8.8.3.2).
  package func isSameStrongly(as other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  /// Whether both name the same state.
  package func isSameWeakly(as other: EntityTag) -> Bool { opaque == other.opaque }
}
