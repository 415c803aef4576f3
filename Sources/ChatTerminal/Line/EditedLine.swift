/// A line of text with a cursor that moves by grapheme clusters. Pure.
package struct EditedLine: Equatable, Sendable {
  /// The text before the cursor.
  package private(set) var before: String
  /// The text after the cursor.
  package private(set) var after: String

  /// Makes a line whose cursor is between two texts.
  package init(before: String = "", after: String = "") {
    self.before = before
    self.after = after
  }

  /// All of it.
  package var text: String { before + after }
  /// Whether there is no text.
  package var isEmpty: Bool { before.isEmpty && after.isEmpty }
  /// How many bytes it has in UTF-8.
  package var byteCount: Int { before.utf8.count + after.utf8.count }

  // MARK: Inserting

  mutating func insert(_ scalar: Unicode.Scalar) { before.unicodeScalars.append(scalar) }

  mutating func insert(_ text: String) { before += text }

  // MARK: Moving

  mutating func moveLeft() {
    guard let last = before.popLast() else { return }
    after = String(last) + after
  }

  mutating func moveRight() {
    guard let first = after.first else { return }
    before.append(first)
    after.removeFirst()
  }

  mutating func moveToStart() { (before, after) = ("", text) }

  mutating func moveToEnd() { (before, after) = (text, "") }

  mutating func moveWordLeft() {
    let start = wordStart
    (before, after) = (String(before[..<start]), before[start...] + after)
  }

  mutating func moveWordRight() {
    let end = wordEnd
    (before, after) = (before + after[..<end], String(after[end...]))
  }

  // MARK: Deleting; each returns the deleted text

  @discardableResult
  mutating func deleteLeft() -> String { before.popLast().map { String($0) } ?? "" }

  mutating func deleteRight() { if !after.isEmpty { after.removeFirst() } }

  mutating func deleteToStart() -> String {
    defer { before = "" }
    return before
  }

  mutating func deleteToEnd() -> String {
    defer { after = "" }
    return after
  }

  mutating func deleteWordLeft() -> String {
    let start = wordStart
    defer { before = String(before[..<start]) }
    return String(before[start...])
  }

  mutating func deleteWordRight() -> String {
    let end = wordEnd
    defer { after = String(after[end...]) }
    return String(after[..<end])
  }

  /// Deletes back to the space before the cursor, as a terminal's own Ctrl-W does.
  mutating func deleteToSpace() -> String {
    let end = before.lastIndex { $0 != " " }.map { before.index(after: $0) } ?? before.startIndex
    let space = before[..<end].lastIndex(of: " ")
    let start = space.map { before.index(after: $0) } ?? before.startIndex
    defer { before = String(before[..<start]) }
    return String(before[start...])
  }

  /// Swaps the characters around the cursor, or the last two at the end, and moves on.
  mutating func transpose() {
    if after.isEmpty { moveLeft() }
    guard let last = before.popLast() else { return moveToEnd() }
    guard let first = after.first else { return before.append(last) }
    after.removeFirst()
    before.append(first)
    before.append(last)
  }

  // MARK: Words

  private var wordStart: String.Index {
    let end = before.lastIndex(where: Self.isOfWord) ?? before.startIndex
    let gap = before[..<end].lastIndex { !Self.isOfWord($0) }
    return gap.map { before.index(after: $0) } ?? before.startIndex
  }

  private var wordEnd: String.Index {
    let start = after.firstIndex(where: Self.isOfWord) ?? after.endIndex
    return after[start...].firstIndex { !Self.isOfWord($0) } ?? after.endIndex
  }

  private static func isOfWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}
